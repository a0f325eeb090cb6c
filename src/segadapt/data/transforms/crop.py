"""Random crops that show more than one class, where some can be found."""

from collections.abc import Callable, Sequence
from typing import Any, Final

import cv2
import numpy as np
from jaxtyping import UInt

from segadapt.data.transforms.albumentations_import import albumentations as A
from segadapt.data.transforms.region import CropWindow

CHECKS: Final = 10
"""Number of crops that are checked; the one drawn after the last refusal is not checked."""


class CatMaxRatioCrop(A.DualTransform):
    """Crops; sides smaller than the crop are unchanged (spec C.1, step 3).

    Args:
        crop: Height and width, pixels.
        cat_max_ratio: A crop is refused unless its most frequent class covers less than this share
            of the labelled pixels and there is a second class; 1 or more to refuse none.
    """

    def __init__(self, crop: Sequence[int], cat_max_ratio: float = 0.75) -> None:
        super().__init__(p=1)
        self.crop, self.cat_max_ratio = tuple(crop), cat_max_ratio

    def drawn(
        self,
        size: tuple[int, int],
        seen: Callable[[CropWindow], UInt[np.ndarray, "h w"]],
        generator: np.random.Generator,
    ) -> CropWindow:
        """Draw the window of a crop.

        Args:
            size: Height and width of what is cropped, pixels.
            seen: The label in a window.
            generator: Where the corners come from.
        """
        window = self._draw(size, generator)
        for _ in range(CHECKS if self.cat_max_ratio < 1 else 0):
            if varied(seen(window), self.cat_max_ratio):
                break
            window = self._draw(size, generator)
        return window

    def get_params_dependent_on_data(self, params: dict, data: dict) -> dict[str, Any]:
        size, mask = params["shape"][:2], data["mask"]
        return {"window": self.drawn(size, lambda window: window.of(mask), self.random_generator)}

    def apply(self, img: np.ndarray, window: CropWindow, **_: Any) -> np.ndarray:
        return window.of(img)

    def _draw(self, size: tuple[int, int], generator: np.random.Generator) -> CropWindow:
        height, width = min(size[0], self.crop[0]), min(size[1], self.crop[1])
        top = int(generator.integers(size[0] - height + 1))
        left = int(generator.integers(size[1] - width + 1))
        return CropWindow(top, left, height, width)


def varied(mask: UInt[np.ndarray, "h w"], cat_max_ratio: float) -> bool:
    """Whether there are two classes or more, and none has ``cat_max_ratio`` of the pixels."""
    numbers = np.iinfo(mask.dtype).max + 1
    counts = cv2.calcHist([mask], [0], None, [numbers], [0, numbers]).ravel()[:-1]  # the ignored
    labelled = float(counts.sum())
    most = float(counts.max())
    return bool(np.count_nonzero(counts) > 1 and most < cat_max_ratio * labelled)
