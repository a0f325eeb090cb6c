"""A comparison on a terminal, whatever its width."""

from rich.console import Console
from rich.table import Table

from segadapt.analysis.comparison.comparison import Comparison
from segadapt.analysis.comparison.sections import Cells
from segadapt.analysis.comparison.writers import COSTS, cells
from segadapt.text.terminal import cell, say

ARM = 20
"""Characters that the name of an arm gets beside all columns, or the costs go to a second table."""

GAP = 2
"""Blanks between columns."""


def show(comparison: Comparison, console: Console | None = None) -> None:
    """Print the table, its costs apart where the terminal is narrow, and the notes below.

    Args:
        comparison: What to show.
        console: Where to; None: the terminal.
    """
    console = console or Console()
    lines = cells(comparison)
    tables = [lines]
    if _room(lines, console.width) < min(ARM, _longest(lines)):
        apart = [index for index, name in enumerate(lines[0]) if name in COSTS]
        rest = [index for index in range(len(lines[0])) if index not in apart]
        tables = [[[line[i] for i in kept] for line in lines] for kept in (rest, [0, *apart])]
    for part in tables:
        console.print(_table(part, console.width))
    for note in comparison.notes:
        say(console, f"- {note}")
    for section in comparison.sections:
        console.print()
        say(console, section.title)
        _show_section(section.cells, console)
        for note in section.notes:
            say(console, f"- {note}")


def _show_section(lines: Cells, console: Console) -> None:
    """A table where the terminal has room for it, else a line for each row."""
    if _room(lines, console.width) >= min(ARM, _longest(lines)):
        console.print(_table(lines, console.width))
        return
    for name, *row in lines[1:]:
        pairs = zip(lines[0][1:], row, strict=True)
        say(console, f"{name}: {'; '.join(f'{head} {value}' for head, value in pairs)}")


def _table(lines: Cells, width: int) -> Table:
    """Numbers stay whole; heads and the names of arms are folded where there is no room."""
    table = Table(box=None, header_style="bold", padding=(0, GAP, 0, 0), pad_edge=False)
    name = max(min(_room(lines, width), _longest(lines)), 1)
    table.add_column(lines[0][0], width=name, overflow="fold")
    for head, digits in zip(lines[0][1:], _widths(lines), strict=True):
        table.add_column(cell(head), width=digits, overflow="fold", justify="right")
    for line in lines[1:]:
        table.add_row(*map(cell, line))
    return table


def _widths(lines: Cells) -> list[int]:
    """Characters of each column of numbers: its longest cell, or word of its head."""
    columns = list(zip(*lines, strict=True))[1:]
    return [max(map(len, [*head.split(), *cells])) for head, *cells in columns]


def _room(lines: Cells, width: int) -> int:
    """What the numbers leave of a line to the names of arms."""
    return width - sum(digits + GAP for digits in _widths(lines))


def _longest(lines: Cells) -> int:
    return max(len(line[0]) for line in lines)
