"""The colour statistics by which every network input is shifted and scaled."""

from collections.abc import Sequence
from functools import cache

import cv2
import numpy as np
from jaxtyping import Float, Num, UInt8

from segadapt.data.files.image_format import MEASURE, Pixels
from segadapt.functional.normalization import IMAGENET, MEAN, STD, Statistics

__all__ = ["IMAGENET", "MEAN", "STD", "Statistics", "denormalised", "normalised"]


def checked_statistics(mean: Sequence[float] | None, std: Sequence[float] | None) -> Statistics:
    """Settings as statistics; those of ImageNet where there are none.

    Raises:
        ValueError: If only one is given, they have different lengths, or a deviation is not > 0.
    """
    if mean is None and std is None:
        return IMAGENET
    if mean is None or std is None or len(mean) != len(std) or min(std) <= 0:
        raise ValueError(
            f"data.mean={mean} and data.std={std} must be two lists with a number for each "
            "channel, and deviations above 0"
        )
    return Statistics(tuple(map(float, mean)), tuple(map(float, std)))


def normalised(
    image: Pixels, size: tuple[int, int] | None = None, statistics: Statistics = IMAGENET
) -> Float[np.ndarray, "c _ _"]:
    """An image shifted and scaled, channels first: of 8 bits by a look into a table.

    Args:
        image: What is normalised: of 8 bits, or fractions of white.
        size: Height and width of the result, filled right and below with 0, the mean colour; None
            for those of the image.
        statistics: By which it is shifted and scaled.

    Raises:
        ValueError: If the statistics are those of other channels.
    """
    height, width, channels = image.shape
    check_channels(channels, statistics)
    result = np.zeros((channels, *(size or (height, width))), dtype=np.float32)
    if image.dtype == np.uint8:
        for channel, plane, table in zip(result, cv2.split(image), tables(statistics), strict=True):
            channel[:height, :width] = cv2.LUT(plane, table)
        return result
    mean, std = (np.array(part, np.float32)[:, None, None] for part in statistics)
    result[:, :height, :width] = (image.transpose(2, 0, 1) - mean) / std
    return result


def check_channels(channels: int, statistics: Statistics) -> None:
    """Checks that images have the channels that the statistics are of.

    Raises:
        ValueError: If they have others.
    """
    if len(statistics.mean) != channels:
        raise ValueError(
            f"images have {channels} channels, but data.mean and data.std have "
            f"{len(statistics.mean)} numbers; {MEASURE}"
        )


@cache
def tables(statistics: Statistics) -> list[Float[np.ndarray, "256"]]:
    """Normalised values of the 256 levels of each channel."""
    return [
        ((np.arange(256) / 255 - mean) / std).astype(np.float32)
        for mean, std in zip(*statistics, strict=True)
    ]


def denormalised(
    image: Float[np.ndarray, "c h w"], statistics: Statistics
) -> UInt8[np.ndarray, "h w 3"]:
    """The RGB image that a network input was made of, as far as 8 bits hold it.

    Of other channels than three the first is shown, stretched over all grey levels.

    Args:
        image: Network input.
        statistics: Those by which it was normalised.
    """
    if len(image) != 3:
        return np.repeat(stretched(image[0])[..., None], 3, axis=2)
    rgb = 255 * (image.transpose(1, 2, 0) * statistics.std + statistics.mean)
    return rgb.round().clip(0, 255).astype(np.uint8)


def stretched(plane: Num[np.ndarray, "h w"]) -> UInt8[np.ndarray, "h w"]:
    """Numbers from the least to the greatest as grey levels."""
    least, most = float(plane.min()), float(plane.max())
    return ((plane - least) * (255 / max(most - least, 1e-12))).round().astype(np.uint8)
