"""Nearest values of a table to those that lossy compression changed."""

from functools import cached_property
from typing import Final

import numpy as np
from jaxtyping import Int, UInt, UInt8

from segadapt.data.label_table.packing import packed, unpacked
from segadapt.data.label_table.table import LabelTable

GREY_LEVELS: Final = 256

TOGETHER: Final = 1 << 22
"""Distances that are computed at a time."""


class Nearest:
    """Replaces the values of a label by the nearest ones that a table lists.

    Colours are as far apart as their red, green and blue (Euclidean); of several that are equally
    near the first in the table is taken.

    Args:
        table: The meaning of the values.
    """

    def __init__(self, table: LabelTable) -> None:
        listed = (*table.sources, table.ignored)
        self.numbers = np.array([n for values in listed for n in values.numbers], dtype=np.int64)
        colors = [color for values in listed for color in values.colors]
        self.colors = np.array(colors, dtype=np.uint8).reshape(-1, 3)

    def __call__(
        self, raw: UInt[np.ndarray, "H W"] | UInt8[np.ndarray, "H W 3"]
    ) -> UInt[np.ndarray, "H W"] | UInt8[np.ndarray, "H W 3"]:
        if raw.ndim == 2:
            return self._levels[raw]
        values, place = np.unique(packed(raw), return_inverse=True)
        step = max(1, TOGETHER // len(self.colors))
        parts = [
            self._places(unpacked(values[start : start + step]))
            for start in range(0, len(values), step)
        ]
        return self.colors[np.concatenate(parts)[place]].reshape(raw.shape)

    def _places(self, colors: UInt8[np.ndarray, "n 3"]) -> Int[np.ndarray, "n"]:
        """Index of the nearest colour in the table for each colour; exact, in integers."""
        own = self.colors.astype(np.float64)
        return ((own**2).sum(1) - 2 * colors.astype(np.float64) @ own.T).argmin(1)

    @cached_property
    def _levels(self) -> UInt[np.ndarray, "256"]:
        """The nearest number of each grey level of 8 bits."""
        distances = np.abs(np.arange(GREY_LEVELS)[:, None] - self.numbers)
        return self.numbers[distances.argmin(1)].astype(np.uint16)
