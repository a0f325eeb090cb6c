"""Random crops that show more than one class, where some can be found."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import cv2
import numpy as np
from jaxtyping import UInt8

from segadapt.data.library import albumentations as A
from segadapt.structures import IGNORE

CHECKS: Final = 10
"""How many crops are looked at; the one drawn after the last refusal is taken unseen."""


class Window(NamedTuple):
    """A crop's upper left corner and size, pixels."""

    top: int
    left: int
    height: int
    width: int

    def of(self, array: np.ndarray) -> np.ndarray:
        """The part of an array (rows first) that lies in the window."""
        return array[self.top : self.top + self.height, self.left : self.left + self.width]


class CatMaxRatioCrop(A.DualTransform):
    """Crops; images smaller than the crop stay as they are on that side (spec C.1, step 3).

    Args:
        crop: Height and width, pixels.
        cat_max_ratio: A crop is refused unless its most frequent class covers less than this
            share of the labelled pixels and there is a second class; 1 or more to refuse none.
    """

    def __init__(self, crop: Sequence[int], cat_max_ratio: float = 0.75) -> None:
        super().__init__(p=1)
        self.crop, self.cat_max_ratio = tuple(crop), cat_max_ratio

    def get_params_dependent_on_data(self, params: dict, data: dict) -> dict[str, Any]:
        height, width = params["shape"][:2]
        window = self._draw(height, width)
        for _ in range(CHECKS if self.cat_max_ratio < 1 else 0):
            if varied(window.of(data["mask"]), self.cat_max_ratio):
                break
            window = self._draw(height, width)
        return {"window": window}

    def apply(self, img: np.ndarray, window: Window, **_: Any) -> np.ndarray:
        return window.of(img)

    def _draw(self, height: int, width: int) -> Window:
        size = (min(height, self.crop[0]), min(width, self.crop[1]))
        top = int(self.random_generator.integers(height - size[0] + 1))
        left = int(self.random_generator.integers(width - size[1] + 1))
        return Window(top, left, *size)


def varied(mask: UInt8[np.ndarray, "h w"], cat_max_ratio: float) -> bool:
    """Whether there are two classes or more, and none has ``cat_max_ratio`` of the pixels."""
    counts = cv2.calcHist([mask], [0], None, [256], [0, 256]).ravel()[:IGNORE]
    labelled = float(counts.sum())
    most = float(counts.max())
    return bool(np.count_nonzero(counts) > 1 and most < cat_max_ratio * labelled)
