"""Untrusted text on rich's consoles, which would otherwise read it as markup and emoji codes."""

from rich.console import Console
from rich.text import Text

from segadapt.text.borders import printable


def cell(text: object, style: str = "") -> Text:
    """Text for a cell, a head or the title of a table."""
    return Text(printable(text), style)


def say(console: Console, *lines: object) -> None:
    """Print lines unchanged, however narrow the terminal; a notebook would crop them instead."""
    for line in lines:
        console.print(cell(line), soft_wrap=not console.is_jupyter)
