"""Further tables below that of a comparison."""

import math
from typing import NamedTuple

from segadapt.analysis.comparison.intervals import Difference
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
    return ABSENT if value is None or math.isnan(value) else f"{100 * value:+z.2f}"


def percent(value: float | None) -> str:
    """A fraction in percent."""
    return ABSENT if value is None or math.isnan(value) else f"{100 * value:.2f}"


def spanned(gap: Difference | None) -> str:
    """A difference with its interval, in percentage points."""
    if gap is None:
        return ABSENT
    if gap.low is None or gap.high is None:
        return f"{points(gap.mean)} ({gap.method})"
    return f"{points(gap.mean)} [{points(gap.low)}, {points(gap.high)}]"
