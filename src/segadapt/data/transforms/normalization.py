"""The colour statistics by which every network input is shifted and scaled."""

from typing import Final

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from segadapt.functional.normalization import MEAN, STD

__all__ = ["MEAN", "STD", "denormalised", "normalised"]

_TABLES: Final[list[Float[np.ndarray, "256"]]] = [
    ((np.arange(256) / 255 - mean) / std).astype(np.float32)
    for mean, std in zip(MEAN, STD, strict=True)
]
"""What becomes of the 256 levels of each channel."""


def normalised(
    image: UInt8[np.ndarray, "h w 3"], size: tuple[int, int] | None = None
) -> Float[np.ndarray, "3 _ _"]:
    """An RGB image shifted and scaled, channels first: one look into a table for each value.

    Args:
        image: What is normalised.
        size: Height and width of the result, filled right and below with 0, the mean colour; None
            for those of the image.
    """
    height, width = image.shape[:2]
    result = np.zeros((3, *(size or (height, width))), dtype=np.float32)
    for channel, plane, table in zip(result, cv2.split(image), _TABLES, strict=True):
        channel[:height, :width] = cv2.LUT(plane, table)
    return result


def denormalised(image: Float[np.ndarray, "3 h w"]) -> UInt8[np.ndarray, "h w 3"]:
    """The RGB image that a network input was made of, as far as 8 bits hold it."""
    rgb = 255 * (image.transpose(1, 2, 0) * STD + MEAN)
    return rgb.round().clip(0, 255).astype(np.uint8)
