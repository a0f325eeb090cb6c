"""Marks that are not classes: stripes, because a flat colour may be that of a class."""

from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np
from jaxtyping import Bool, Int, UInt8

Grid = Int[np.ndarray, "h w"]

BLACK: Final = (0, 0, 0)
"""Every other stripe."""


class Hatching(NamedTuple):
    """Stripes of a colour and of black.

    Args:
        color: RGB.
        pattern: The distance across the stripes, from rows and columns.
    """

    color: tuple[int, int, int]
    pattern: Callable[[Grid, Grid], Grid]


RISING: Final = Hatching((86, 180, 233), lambda row, column: row + column)
FALLING: Final = Hatching((0, 158, 115), lambda row, column: row - column)
LEVEL: Final = Hatching((230, 120, 0), lambda row, column: row)
"""Blue, green, orange: people with any kind of colour vision tell them apart."""


def hatched(size: tuple[int, int], hatching: Hatching, width: float) -> UInt8[np.ndarray, "h w 3"]:
    """A picture of stripes.

    Args:
        size: Rows and columns.
        hatching: Which.
        width: Of a stripe, in pixels; at least 1.
    """
    rows, columns = np.indices(size)
    stripes = np.floor(hatching.pattern(rows, columns) / max(width, 1))
    return np.where((stripes % 2 == 0)[..., None], hatching.color, BLACK).astype(np.uint8)


def mark(
    picture: UInt8[np.ndarray, "h w 3"],
    where: Bool[np.ndarray, "h w"],
    hatching: Hatching,
    width: float,
) -> None:
    """Hatch a part of a picture, in place."""
    picture[where] = hatched(where.shape, hatching, width)[where]
