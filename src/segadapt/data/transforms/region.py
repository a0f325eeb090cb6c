"""A part of a resized array, without resizing the rest of it."""

import math
from typing import Final, NamedTuple

import cv2
import numpy as np
from jaxtyping import Int, UInt

from segadapt.data.files.image_format import Pixels

TOLERANCE: Final = 1 / 256
"""Largest displacement of a region, in pixels of the resized array: below one grey level."""


class CropWindow(NamedTuple):
    """A crop's upper left corner and size, pixels."""

    top: int
    left: int
    height: int
    width: int

    def of(self, array: np.ndarray) -> np.ndarray:
        """The part of an array (rows first) that lies in the window."""
        return array[self.top : self.top + self.height, self.left : self.left + self.width]


class Span(NamedTuple):
    """Span along one axis that is resized to a stretch of the result.

    Attributes:
        first: Where it begins before the resize.
        stop: Where it ends before the resize.
        skipped: How many resized pixels lie before the stretch.
    """

    first: int
    stop: int
    skipped: int


def bilinear_region(
    image: Pixels,
    size: tuple[int, int],
    window: CropWindow,
    before: tuple[float, float] | None = None,
) -> Pixels:
    """The part ``window`` of the image resized to ``size``, up to rounding.

    Args:
        image: Image to resize.
        size: Height and width after the resize, pixels.
        window: A part of the result.
        before: Height and width that become ``size``, where the image's own are these rounded up
            because it was decoded at a fraction of its size.
    """
    before = before or image.shape[:2]
    rows = _span(before[0], size[0], window.top, window.height)
    columns = _span(before[1], size[1], window.left, window.width)
    factors = size[1] / before[1], size[0] / before[0]
    part = image[rows.first : rows.stop, columns.first : columns.stop]
    # Factors rather than a size, so that the part is scaled exactly as the whole would be.
    resized = cv2.resize(part, None, None, *factors, interpolation=cv2.INTER_LINEAR)
    if image.shape[2] == 1:  # OpenCV drops the last axis
        resized = resized[..., None]
    return CropWindow(rows.skipped, columns.skipped, window.height, window.width).of(resized)


def nearest_region(
    mask: UInt[np.ndarray, "_ _"], size: tuple[int, int], window: CropWindow
) -> UInt[np.ndarray, "h w"]:
    """The part ``window`` of the label resized to ``size``; values are only copied.

    Args:
        mask: Label to resize.
        size: Height and width after the resize, pixels.
        window: A part of the result.
    """
    rows = _nearest(mask.shape[0], size[0], window.top, window.height)
    columns = _nearest(mask.shape[1], size[1], window.left, window.width)
    return mask.take(rows, 0).take(columns, 1)


def _nearest(before: int, after: int, start: int, length: int) -> Int[np.ndarray, "n"]:
    scale = 1 / (after / before)  # divided twice, as OpenCV does
    return np.floor(np.arange(start, start + length) * scale).astype(np.intp)


def _span(before: float, after: int, start: int, length: int) -> Span:
    """The shortest span whose resized pixels fall on those of the whole.

    The pixel i of the result lies at (i + 1/2) scale - 1/2. A part that begins at pixel a is
    resized to pixels that fall on those from i = a / scale on, so a part must begin where that is
    nearly whole, and one pixel early enough to interpolate. The whole begins there in any case.
    """
    scale = before / after
    latest = max(int(start - (0.5 / scale - 0.5)), 0)
    places = np.arange(latest + 1) * scale
    aligned = np.abs(places - np.rint(places)) <= TOLERANCE
    skipped = int(np.flatnonzero(aligned)[-1])
    stop = min(math.ceil(before), int((start + length) * scale) + 2)
    return Span(round(skipped * scale), stop, start - skipped)
