"""Overlays of classes on an image, with a legend of the colours."""

from collections.abc import Sequence

import cv2
import numpy as np
from jaxtyping import UInt8

from segadapt.data.drawing import Picture, legend, painted
from segadapt.deployment.inputs.images import Pixels

WIDE, NARROW = 1200, 240
"""Pixels: a legend is enlarged for images as wide as several of the first, and is never narrower
than the second."""


def blended(
    image: Pixels,
    labels: UInt8[np.ndarray, "H W"],
    colors: UInt8[np.ndarray, "k 3"],
    opacity: float,
) -> Picture:
    """An image under its classes.

    Args:
        image: RGB.
        labels: Class of each pixel.
        colors: RGB colours of the classes.
        opacity: Opacity of the classes: 0 shows the image alone, 1 the classes alone.

    Raises:
        ValueError: If the opacity is out of range.
    """
    if not 0 <= opacity <= 1:
        raise ValueError(f"opacity={opacity} is out of range; choose 0 to 1")
    return cv2.addWeighted(image, 1 - opacity, painted(labels, colors), opacity, 0)


def with_legend(
    picture: Picture,
    labels: UInt8[np.ndarray, "_ _"],
    classes: Sequence[str],
    colors: UInt8[np.ndarray, "k 3"],
) -> Picture:
    """A picture above the classes that occur in it, the largest first, with their shares.

    Args:
        picture: RGB.
        labels: Class of each pixel.
        classes: Names in order.
        colors: RGB colours of the classes.
    """
    pixels = np.bincount(labels.reshape(-1), minlength=len(classes))[: len(classes)]
    order = [k for k in np.argsort(-pixels, kind="stable") if pixels[k]]
    entries = [(f"{classes[k]} {_share(pixels[k] / labels.size)}", colors[k]) for k in order]
    height, width = picture.shape[:2]
    factor = max(1, round(width / WIDE))
    below = legend(entries, max(width // factor, NARROW))
    if factor > 1:
        below = cv2.resize(below, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC)
    wide = max(width, below.shape[1])
    sheet = np.full((height + below.shape[0], wide, 3), 255, dtype=np.uint8)
    sheet[:height, :width] = picture
    sheet[height:, : below.shape[1]] = below
    return sheet


def _share(fraction: float) -> str:
    return f"{100 * fraction:.0f} %" if fraction >= 0.005 else "< 1 %"
