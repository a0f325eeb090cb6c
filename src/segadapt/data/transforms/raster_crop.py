"""Training crops of rasters that are read by windows."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import cv2
import numpy as np
from jaxtyping import UInt

from segadapt.data.files.boxes import Box, Size
from segadapt.data.files.image_format import Pixels
from segadapt.data.patches import Patch, View
from segadapt.data.transforms.crop import CHECKS, varied

ELSEWHERE: Final = 50
"""Number of windows tried anywhere in a raster if those of a cell have no label."""


class Drawn(NamedTuple):
    """A window and what it becomes.

    Attributes:
        patch: The window.
        size: Height and width of the crop, before it is padded.
    """

    patch: Patch
    size: Size

    @property
    def image(self) -> Pixels:
        """The image, resized bilinearly."""
        image = self.patch.image
        resized = cv2.resize(image, self.size[::-1], interpolation=cv2.INTER_LINEAR)
        return resized.reshape(*self.size, image.shape[2])  # OpenCV drops a single channel's axis

    @property
    def mask(self) -> UInt[np.ndarray, "h w"]:
        """The classes, each the nearest."""
        return cv2.resize(self.patch.label, self.size[::-1], interpolation=cv2.INTER_NEAREST)


class RasterCrop:
    """Draws windows that are resized to a crop, so that a crop shows 1 / ratio of its sides.

    The middle of a window lies in the cell of its item, anywhere with the same probability; windows
    that reach over the edge of the raster are moved back inside. Where the crop is refused by
    :func:`varied`, another window of the cell is drawn, ``CHECKS`` times; then the first with a
    labelled pixel is taken. Where there was none, windows anywhere in the raster are drawn, up to
    ``ELSEWHERE``, until one has a labelled pixel.

    Args:
        crop: Height and width, pixels.
        ratio_range: Limits of the ratio, which is drawn uniformly.
        cat_max_ratio: As in :class:`CatMaxRatioCrop`.
    """

    def __init__(
        self, crop: Sequence[int], ratio_range: Sequence[float], cat_max_ratio: float
    ) -> None:
        self.crop, self.ratio_range = (crop[0], crop[1]), (ratio_range[0], ratio_range[1])
        self.cat_max_ratio = cat_max_ratio

    def __call__(self, view: View, cell: Box, generator: np.random.Generator) -> Drawn:
        """A window for an item.

        Args:
            view: The raster.
            cell: The part of it that the item stands for.
            generator: Where all randomness comes from.
        """
        ratio = generator.uniform(self.ratio_range[0], self.ratio_range[1])
        size = _fitting(view.size, self.crop, ratio)
        window = _seen(view.size, size, ratio)
        labelled: Drawn | None = None
        for _ in range(CHECKS):
            drawn = Drawn(view.at(_around(cell, window, view.size, generator)), size)
            mask = drawn.mask
            if self._accepts(mask):
                return drawn
            if labelled is None and _has_label(mask):
                labelled = drawn
        if labelled is not None:
            return labelled
        everything = Box(0, 0, *view.size)
        for _ in range(ELSEWHERE):
            drawn = Drawn(view.at(_around(everything, window, view.size, generator)), size)
            if _has_label(drawn.mask):
                break
        return drawn

    def _accepts(self, mask: UInt[np.ndarray, "h w"]) -> bool:
        if self.cat_max_ratio >= 1:
            return _has_label(mask)
        return varied(mask, self.cat_max_ratio)


def _fitting(raster: Size, crop: Size, ratio: float) -> Size:
    """The crop, or the resized raster on a side on which that is smaller."""
    height, width = (
        min(most, max(round(side * ratio), 1)) for side, most in zip(raster, crop, strict=True)
    )
    return height, width


def _seen(raster: Size, size: Size, ratio: float) -> Size:
    """Size of the region that is resized to a crop of a given size."""
    height, width = (
        min(side, max(round(part / ratio), 1)) for side, part in zip(raster, size, strict=True)
    )
    return height, width


def _around(cell: Box, window: Size, raster: Size, generator: np.random.Generator) -> Box:
    """A window whose middle lies in a cell, moved inside the raster."""
    starts = (cell.top, cell.left)
    corners = [
        int(np.clip(start + generator.integers(length) - side // 2, 0, whole - side))
        for start, length, side, whole in zip(starts, cell.size, window, raster, strict=True)
    ]
    return Box(corners[0], corners[1], *window)


def _has_label(mask: UInt[np.ndarray, "h w"]) -> bool:
    return bool((mask != np.iinfo(mask.dtype).max).any())
