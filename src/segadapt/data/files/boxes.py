"""Parts of rasters."""

from itertools import pairwise
from typing import NamedTuple

import numpy as np

Size = tuple[int, int]
"""Height and width, pixels."""


class Box(NamedTuple):
    """A part of a raster, pixels."""

    top: int
    left: int
    height: int
    width: int

    def __str__(self) -> str:
        return f"[{self.top}:{self.top + self.height},{self.left}:{self.left + self.width}]"

    @property
    def size(self) -> Size:
        """Height and width."""
        return self.height, self.width


def cells(size: Size, cell: Size) -> list[Box]:
    """A raster divided into parts of nearly the same size, none larger than a cell, row by row."""
    tops, lefts = (
        np.linspace(0, side, -(-side // most) + 1).round().astype(int).tolist()
        for side, most in zip(size, cell, strict=True)
    )
    return [
        Box(top, left, bottom - top, right - left)
        for top, bottom in pairwise(tops)
        for left, right in pairwise(lefts)
    ]
