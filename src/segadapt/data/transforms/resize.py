"""Resizing to a random fraction of a target scale, with the rounding of the released code."""

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from jaxtyping import UInt

from segadapt.data.transforms.albumentations_import import albumentations as A
from segadapt.data.transforms.sizes import fitted


class RandomRatioResize(A.DualTransform):
    """Resizes image (bilinear) and label (nearest), keeping the shape (spec C.1, step 2).

    Args:
        scale: Limits of the sides at ratio 1, pixels.
        ratio_range: What both limits are multiplied by, drawn uniformly.
    """

    def __init__(self, scale: Sequence[int], ratio_range: Sequence[float] = (0.5, 2.0)) -> None:
        super().__init__(p=1)
        self.scale, self.ratio_range = tuple(scale), tuple(ratio_range)

    def drawn(self, size: tuple[int, int], generator: np.random.Generator) -> tuple[int, int]:
        """Height and width after the resize.

        Args:
            size: Height and width before it, pixels.
            generator: Where the ratio comes from.
        """
        ratio = generator.uniform(self.ratio_range[0], self.ratio_range[1])
        return fitted(size, (int(ratio * self.scale[0]), int(ratio * self.scale[1])))

    def get_params_dependent_on_data(self, params: dict, data: dict) -> dict[str, Any]:
        return {"size": self.drawn(params["shape"][:2], self.random_generator)}

    def apply(self, img: np.ndarray, size: tuple[int, int], **_: Any) -> np.ndarray:
        return cv2.resize(img, size[::-1], interpolation=cv2.INTER_LINEAR)

    def apply_to_mask(
        self, mask: np.ndarray, size: tuple[int, int], **_: Any
    ) -> UInt[np.ndarray, "h w"]:
        return cv2.resize(mask, size[::-1], interpolation=cv2.INTER_NEAREST)
