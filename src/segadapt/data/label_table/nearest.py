"""Nearest values of a table to those that lossy compression changed."""

from functools import cached_property
from itertools import pairwise
from typing import Final

import numpy as np
from jaxtyping import Int, UInt, UInt8

from segadapt.data.label_table.packing import packed, unpacked
from segadapt.data.label_table.table import ERROR, LabelTable

GREY_LEVELS: Final = 256

APART: Final = 16
"""Least difference between grey levels of two meanings. At quality 75, JPEG takes 1 % of the pixels
of random regions 16 levels apart for the wrong one, and a third of those 1 level apart."""

TOGETHER: Final = 1 << 22
"""Distances that are computed at a time."""


class Nearest:
    """Replaces the values of a label by the nearest ones that a table lists.

    Colours are as far apart as their red, green and blue (Euclidean); of several that are equally
    near the first in the table is taken. A 1 that means the same as a 255 is not a grey level:
    masks hold either, and those of 0 and 255 would lose half of their levels to it.

    Args:
        table: The meaning of the values.

    Raises:
        ValueError: If the table gives a meaning to values that it does not list.
    """

    def __init__(self, table: LabelTable) -> None:
        if table.others != ERROR:
            raise ValueError(
                "data.lossy_labels=nearest takes every value for the nearest one that the label "
                "table lists, so that none is left for its others; list these values, and set "
                "others: error"
            )
        listed = (*table.sources, table.ignored)
        self.meaning = {
            number: entry
            for entry, values in enumerate(listed)
            for number in values.numbers
            if not (number == 1 and 255 in values.numbers)
        }
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
        """The nearest number of each grey level of 8 bits.

        Raises:
            ValueError: If JPEG cannot keep the numbers apart. It is found here, because tables
                of other labels of the data set may list such numbers beside colours.
        """
        for low, high in pairwise(sorted(self.meaning)):
            same = self.meaning[low] == self.meaning[high]
            if high >= GREY_LEVELS or (high - low < APART and not same):
                raise ValueError(
                    f"data.lossy_labels=nearest: the label table lists {low} and {high}, but grey "
                    f"levels of JPEG labels are told apart only from 0 to {GREY_LEVELS - 1} and at "
                    f"least {APART} apart; export the labels as PNG again, from their source"
                )
        numbers = np.array(list(self.meaning), dtype=np.int64)
        distances = np.abs(np.arange(GREY_LEVELS)[:, None] - numbers)
        return numbers[distances.argmin(1)].astype(np.uint16)
