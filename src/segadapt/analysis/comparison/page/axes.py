"""Scales of plots that stretch with the page: places are percent of the plot's sides."""

from collections.abc import Iterable
from typing import Final, NamedTuple

from matplotlib.ticker import MaxNLocator

TICKS: Final = 5
"""About how many numbers stand along an axis; a narrow screen has room for them."""


class Tick(NamedTuple):
    """A number along an axis."""

    place: float
    text: str


class Axis(NamedTuple):
    """From the first to the last tick."""

    low: float
    high: float
    ticks: tuple[Tick, ...]

    def place(self, value: float) -> float:
        """Percent of the axis at which a value lies."""
        return round(100 * (value - self.low) / (self.high - self.low), 2)

    @property
    def zero(self) -> float | None:
        """Where 0 lies; None where it is outside."""
        return self.place(0.0) if self.low <= 0 <= self.high else None


def axis(values: Iterable[float], signed: bool = False) -> Axis:
    """An axis that reaches beyond all values, with round numbers along it.

    Args:
        values: At least one.
        signed: Whether the numbers are differences: 0 is on the axis, and signs are written.
    """
    held = [*values, *([0.0] if signed else [])]
    low, high = min(held), max(held)
    least = 1e-6 + 1e-3 * max(abs(low), abs(high))  # where all values are the same
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
