"""Resizing and cropping in one step, in which only what is seen is resized."""

from typing import Any

import numpy as np
from jaxtyping import UInt8

from segadapt.data.crop import CatMaxRatioCrop
from segadapt.data.library import albumentations as A
from segadapt.data.region import Window, bilinear_region, nearest_region
from segadapt.data.resize import RandomRatioResize


class ResizedCrop(A.DualTransform):
    """Draws what a resize and then a crop would draw, and makes what they would make of it.

    Labels are equal, images to rounding.

    Args:
        resize: Draws the size.
        crop: Draws the window, by what the resized label shows in it.
    """

    def __init__(self, resize: RandomRatioResize, crop: CatMaxRatioCrop) -> None:
        super().__init__(p=1)
        self.resize, self.crop = resize, crop

    def get_params_dependent_on_data(self, params: dict, data: dict) -> dict[str, Any]:
        size = self.resize.drawn(params["shape"][:2], self.random_generator)

        def seen(window: Window) -> UInt8[np.ndarray, "h w"]:
            return nearest_region(data["mask"], size, window)

        return {"size": size, "window": self.crop.drawn(size, seen, self.random_generator)}

    def apply(
        self, img: np.ndarray, size: tuple[int, int], window: Window, **_: Any
    ) -> UInt8[np.ndarray, "h w 3"]:
        return bilinear_region(img, size, window)

    def apply_to_mask(
        self, mask: np.ndarray, size: tuple[int, int], window: Window, **_: Any
    ) -> UInt8[np.ndarray, "h w"]:
        return nearest_region(mask, size, window)
