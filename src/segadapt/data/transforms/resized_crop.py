"""Resizing and cropping in one step, in which only what is seen is resized."""

from functools import partial
from typing import Any

import numpy as np
from jaxtyping import UInt

from segadapt.data.files.decode import REDUCTIONS, reduced
from segadapt.data.files.image_format import Pixels
from segadapt.data.transforms.albumentations_import import albumentations as A
from segadapt.data.transforms.crop import CatMaxRatioCrop
from segadapt.data.transforms.region import CropWindow, bilinear_region, nearest_region
from segadapt.data.transforms.resize import RandomRatioResize


class ResizedCrop(A.DualTransform):
    """Draws what a resize and then a crop would draw, and makes what they would make of it.

    Labels are equal, images to rounding. An image may have been decoded at a fraction of its size,
    which is then its label's.

    Args:
        resize: Draws the size.
        crop: Draws the window, by what the resized label shows in it.
    """

    def __init__(self, resize: RandomRatioResize, crop: CatMaxRatioCrop) -> None:
        super().__init__(p=1)
        self.resize, self.crop = resize, crop

    def get_params_dependent_on_data(self, params: dict, data: dict) -> dict[str, Any]:
        mask, full = data["mask"], data["mask"].shape
        size = self.resize.drawn(full, self.random_generator)
        seen = partial(nearest_region, mask, size)
        window = self.crop.drawn(size, seen, self.random_generator)
        return {"size": size, "window": window, "full": full}

    def apply(
        self,
        img: np.ndarray,
        size: tuple[int, int],
        window: CropWindow,
        full: tuple[int, int],
        **_: Any,
    ) -> Pixels:
        divisor = next(one for one in REDUCTIONS if reduced(full, one) == img.shape[:2])
        return bilinear_region(img, size, window, (full[0] / divisor, full[1] / divisor))

    def apply_to_mask(
        self, mask: np.ndarray, size: tuple[int, int], window: CropWindow, **_: Any
    ) -> UInt[np.ndarray, "h w"]:
        return nearest_region(mask, size, window)
