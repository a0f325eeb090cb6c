"""A comparison on a terminal of any width."""

from rich.console import Console

from segadapt.analysis.comparison.comparison import Comparison
from segadapt.analysis.comparison.writers import COSTS, shown
from segadapt.text.tables import Table
from segadapt.text.terminal import say

ARM = 20
"""Least width for the names of arms; below it, costs move to a second table."""


def show(comparison: Comparison, console: Console | None = None) -> None:
    """Print the table and the notes below, with separate costs on a narrow terminal.

    Args:
        comparison: The comparison.
        console: Console; None for the terminal.
    """
    console = console or Console()
    table = shown(comparison)
    tables = [table]
    if not _fits(table, console):
        apart = [index for index, name in enumerate(table.head) if name in COSTS]
        rest = [index for index in range(len(table.head)) if index not in apart]
        tables = [table.select(kept) for kept in (rest, [0, *apart])]
    for part in tables:
        console.print(part)
    for note in comparison.notes:
        say(console, f"- {note}")
    for section in comparison.sections:
        console.print()
        say(console, section.title)
        _show_section(section.table, console)
        for note in section.notes:
            say(console, f"- {note}")


def _show_section(table: Table, console: Console) -> None:
    """Print a table if it fits the terminal, else one line per row."""
    if _fits(table, console):
        console.print(table)
        return
    for name, *row in table.rows:
        pairs = zip(table.head[1:], row, strict=True)
        say(console, f"{name}: {'; '.join(f'{head} {value}' for head, value in pairs)}")


def _fits(table: Table, console: Console) -> bool:
    """Whether the numbers leave room for the names of arms."""
    return table.room(console.width) >= min(ARM, max(map(len, table.columns[0])))
