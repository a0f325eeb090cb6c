"""The sides of images that a program of ``torch.export`` takes."""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

import torch
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.export import ExportedProgram

WIDEST: Final = 8192
"""Pixels of the largest side that is tried."""

REFUSALS: Final = (AssertionError, RuntimeError)
"""Errors of a program, by torch's version, for images of a size that was excluded by tracing."""

Accepts = Callable[[int], bool]


class Sides(NamedTuple):
    """Limits of the rows and columns of an image, pixels."""

    least: int | None
    """Smallest number accepted for both; None if unknown."""
    largest: int | None
    """Largest number accepted for both; None if there is no limit up to ``WIDEST``."""

    def stored(self) -> dict[str, Any]:
        """The part that is stored in the file."""
        return {"least_side": self.least, "largest_side": self.largest}


def sides_of(program: ExportedProgram, taken: str, known: int) -> Sides:
    """The limits of a program for any size, found by trial.

    Tracing excludes sizes for which the network would take another path, such as maps of one pixel.
    The ranges that torch states for single sides do not contain conditions on computed sizes.

    Args:
        program: The program.
        taken: Key of ``INPUTS``.
        known: Side that is expected to be taken.
    """
    run = program.module()
    dtype = torch.uint8 if taken == "uint8" else torch.float32

    def takes(rows: int, columns: int) -> bool:
        try:
            with torch.no_grad():
                run(torch.zeros(1, 3, rows, columns, dtype=dtype))
        except REFUSALS:
            return False
        return True

    def takes_side(side: int) -> bool:
        return takes(side, side) and takes(side, known) and takes(known, side)

    def takes_wide(side: int) -> bool:
        # shapes only: a real image of this size would take gigabytes
        with FakeTensorMode(allow_non_fake_inputs=True):
            return takes_side(side)

    if not takes(known, known):
        return Sides(None, None)
    least = first(lambda side: takes(side, side), 1, known)
    if not takes_side(least):
        least = first(takes_side, least, known)
    if takes_wide(WIDEST) or not takes_wide(known):
        return Sides(least, None)
    return Sides(least, first(lambda side: not takes_wide(side), known, WIDEST) - 1)


def first(holds: Accepts, low: int, high: int) -> int:
    """The first number for which something holds that then holds for all larger ones.

    Args:
        holds: Answers for a number.
        low: Smallest number that is tried.
        high: A number for which it holds.
    """
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle + 1, high)
    return low
