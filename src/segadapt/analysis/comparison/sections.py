"""Further tables below that of a comparison."""

from typing import NamedTuple

from segadapt.text.tables import Table

Cells = list[list[str]]
"""Rows of text, beginning with the head."""

ABSENT = "-"
"""Cell without a value."""


class Section(NamedTuple):
    """A further table with its notes."""

    title: str
    cells: Cells
    notes: list[str]

    @property
    def table(self) -> Table:
        """Its cells as a table."""
        return Table(self.cells[0], self.cells[1:])


def points(value: float | None) -> str:
    """A fraction as signed percentage points."""
    return ABSENT if value is None else f"{100 * value:+z.2f}"


def percent(value: float | None) -> str:
    """A fraction in percent."""
    return ABSENT if value is None else f"{100 * value:.2f}"
