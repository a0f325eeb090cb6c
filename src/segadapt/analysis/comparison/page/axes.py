"""Scales of plots that stretch with the page; positions are percentages of the plot's sides."""

from collections.abc import Iterable
from typing import Final, NamedTuple

from matplotlib.ticker import MaxNLocator

TICKS: Final = 5
"""Approximate number of ticks on an axis, for a narrow screen."""


class Tick(NamedTuple):
    """A labelled position on an axis."""

    place: float
    text: str


class Axis(NamedTuple):
    """An axis from its first to its last tick."""

    low: float
    high: float
    ticks: tuple[Tick, ...]

    def place(self, value: float) -> float:
        """Position of a value, in percent of the axis."""
        return round(100 * (value - self.low) / (self.high - self.low), 2)

    @property
    def zero(self) -> float | None:
        """Position of 0; None if it is outside."""
        return self.place(0.0) if self.low <= 0 <= self.high else None


def axis(values: Iterable[float], signed: bool = False) -> Axis:
    """An axis that covers all values, with ticks at round numbers.

    Args:
        values: At least one value.
        signed: Whether the values are differences: the axis includes 0, and ticks show signs.
    """
    held = [*values, *([0.0] if signed else [])]
    low, high = min(held), max(held)
    least = 1e-6 + 1e-3 * max(abs(low), abs(high))  # if all values are equal
    places = MaxNLocator(TICKS).tick_values(low, max(high, low + least))
    first, last = float(places[0]), float(places[-1])
    bare = Axis(first, last, ())
    form = "+g" if signed else "g"
    texts = [format(round(float(place), 9) + 0.0, form) for place in places]
    ticks = (
        Tick(bare.place(float(place)), "0" if float(place) == 0 else text)
        for place, text in zip(places, texts, strict=True)
    )
    return bare._replace(ticks=tuple(ticks))
