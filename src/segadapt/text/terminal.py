"""Foreign text on consoles and in their tables, which would read it as markup and emoji codes."""

from rich.console import Console
from rich.text import Text

from segadapt.text.borders import printable


def cell(text: object, style: str = "") -> Text:
    """Text for a cell, a head or a title of a table."""
    return Text(printable(text), style)


def say(console: Console, *lines: object) -> None:
    """Print lines as they are, however narrow the terminal; a notebook would cut them instead."""
    for line in lines:
        console.print(cell(line), soft_wrap=not console.is_jupyter)
