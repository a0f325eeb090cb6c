"""Transforms of an image between the file and the network (spec C.1)."""

import random
from collections.abc import Sequence

import cv2
import numpy as np
import torch
from jaxtyping import Float, Float32, Int, UInt, UInt8
from torch import Tensor

from segadapt.data.files.boxes import Box, Size
from segadapt.data.files.decode import REDUCTIONS
from segadapt.data.files.image_format import Pixels
from segadapt.data.packing import pack
from segadapt.data.patches import View
from segadapt.data.transforms.normalization import (
    check_channels,
    checked_statistics,
    normalised,
    tables,
)
from segadapt.data.transforms.sizes import fitted, rounded_up

Image = Pixels
Mask = UInt[np.ndarray, "h w"]
Output = tuple[Float[Tensor, "c _ _"], UInt[Tensor, "_ _"]]
Varied = tuple[Image, UInt[np.ndarray, "_ _"]]
Packed = tuple[UInt8[Tensor, "_ _ _"], Int[Tensor, "2"], UInt[Tensor, "_ _"]]


class TrainTransform:
    """The released training pipeline: resize, crop, flip, distort, normalise, pad, in this order.

    Args:
        crop: Height and width of the result, pixels.
        scale: Limits of the image's sides before the crop at ratio 1, pixels.
        ratio_range: Both limits are multiplied by a number drawn uniformly from it.
        cat_max_ratio: Crops in which one class has this share or more are drawn again.
        flip: Probability to mirror left and right.
        photometric: Whether brightness, contrast, saturation and hue vary.
        reduced_decoding: Whether JPEGs are decoded at 1/2, 1/4 or 1/8 of their size where what they
            are resized to is no larger. Draws and labels stay; images become smoother, because a
            bilinear resize to less than half skips pixels and this takes their mean.
        mean: Of each channel, as fractions of white; None: ImageNet's.
        std: Deviation of each channel; None: ImageNet's.
    """

    def __init__(
        self,
        crop: Sequence[int],
        scale: Sequence[int],
        ratio_range: Sequence[float] = (0.5, 2.0),
        cat_max_ratio: float = 0.75,
        flip: float = 0.5,
        photometric: bool = True,
        reduced_decoding: bool = False,
        mean: Sequence[float] | None = None,
        std: Sequence[float] | None = None,
    ) -> None:
        # Here, because albumentations takes seconds and evaluation does without it.
        from segadapt.data.transforms.albumentations_import import albumentations as A
        from segadapt.data.transforms.crop import CatMaxRatioCrop
        from segadapt.data.transforms.photometric import PhotometricDistortion
        from segadapt.data.transforms.raster_crop import RasterCrop
        from segadapt.data.transforms.resize import RandomRatioResize
        from segadapt.data.transforms.resized_crop import ResizedCrop

        self.crop, self.reduced_decoding = (crop[0], crop[1]), reduced_decoding
        self.statistics = checked_statistics(mean, std)
        self.resize = RandomRatioResize(scale, ratio_range)
        self.window = RasterCrop(crop, ratio_range, cat_max_ratio)

        def composed(*first: A.BasicTransform) -> A.Compose:
            distortion = [PhotometricDistortion()] if photometric else []
            steps = [*first, A.HorizontalFlip(p=flip), *distortion]
            # The data set checks shapes; a reduced image is smaller than its label.
            return A.Compose(steps, is_check_shapes=False)

        self.compose = composed(ResizedCrop(self.resize, CatMaxRatioCrop(crop, cat_max_ratio)))
        self.cropped = composed()

        self.levels: Float32[np.ndarray, "c 256"] | None = np.stack(tables(self.statistics))

    def __call__(self, image: Image, mask: Mask, generator: np.random.Generator) -> Output:
        return self._normalised(*self._varied(image, mask, generator))

    def packed(self, image: Image, mask: Mask, generator: np.random.Generator) -> Packed:
        return self._packed(*self._varied(image, mask, generator))

    def _varied(self, image: Image, mask: Mask, generator: np.random.Generator) -> Varied:
        """The image and its label before they are filled up."""
        # One generator for all steps: set_random_seed would give each step the same numbers.
        self.compose.set_random_state(generator, _flips(generator))
        result = self.compose(image=image, mask=mask)
        return result["image"], result["mask"]

    def _normalised(self, image: Image, mask: Mask) -> Output:
        pixels = torch.from_numpy(normalised(image, self.crop, self.statistics))
        return pixels, torch.from_numpy(padded(mask, self.crop))

    def _packed(self, image: Image, mask: Mask) -> Packed:
        check_channels(image.shape[2], self.statistics)
        return *pack(image, self.crop), torch.from_numpy(padded(mask, self.crop))

    def cell(self, block: int) -> Size:
        """The crop: an epoch has one for each part of a raster that is as large."""
        return self.crop

    def cut(self, view: View, cell: Box, generator: np.random.Generator) -> Output:
        """A crop of a raster, as :class:`RasterCrop` draws it, and then as of any image."""
        return self._normalised(*self._cut(view, cell, generator))

    def packed_cut(self, view: View, cell: Box, generator: np.random.Generator) -> Packed:
        return self._packed(*self._cut(view, cell, generator))

    def _cut(self, view: View, cell: Box, generator: np.random.Generator) -> Varied:
        """A crop of a raster and its label before they are filled up."""
        self.cropped.set_random_state(generator, _flips(generator))
        drawn = self.window(view, cell, generator)
        result = self.cropped(image=drawn.image, mask=drawn.mask)
        return result["image"], result["mask"]

    def reduction(self, size: tuple[int, int], generator: np.random.Generator) -> int:
        """The factor by which both sides may be reduced without falling below the wanted size.

        Args:
            size: Height and width of an image, pixels.
            generator: A copy of the one that the call will get.
        """
        if not self.reduced_decoding:
            return 1
        _flips(generator)  # drawn first, as in the call
        wanted = self.resize.drawn(size, generator)
        return max(
            divisor
            for divisor in REDUCTIONS
            if divisor == 1
            or all(divisor * new <= old for new, old in zip(wanted, size, strict=True))
        )


class EvalTransform:
    """Normalises, and resizes the image (not the label) where the recipe says so.

    Args:
        scale: Limits of the image's sides, pixels; None to leave the size as it is.
        multiple: What both sides are then rounded up to a multiple of, as SSA does on ADE20K, in
            a second resize that may change the shape a little; None to leave them.
        mean: Of each channel, as fractions of white; None: ImageNet's.
        std: Deviation of each channel; None: ImageNet's.
    """

    def __init__(
        self,
        scale: Sequence[int] | None = None,
        multiple: int | None = None,
        mean: Sequence[float] | None = None,
        std: Sequence[float] | None = None,
    ) -> None:
        self.scale, self.multiple = scale, multiple
        self.statistics = checked_statistics(mean, std)
        self.levels: Float32[np.ndarray, "c 256"] | None = np.stack(tables(self.statistics))

    def __call__(self, image: Image, mask: Mask, generator: np.random.Generator) -> Output:
        return self._normalised(self.resized(image), mask)

    def packed(self, image: Image, mask: Mask, generator: np.random.Generator) -> Packed:
        return self._packed(self.resized(image), mask)

    def _normalised(self, image: Image, mask: Mask) -> Output:
        pixels = normalised(image, statistics=self.statistics)
        return torch.from_numpy(pixels), torch.from_numpy(mask)

    def _packed(self, image: Image, mask: Mask) -> Packed:
        check_channels(image.shape[2], self.statistics)
        return *pack(image), torch.from_numpy(mask)

    def resized(self, image: Image) -> Image:
        """The image at the size that the network sees, not normalised yet."""
        if self.scale is not None:
            image = _resized(image, fitted(image.shape[:2], (self.scale[0], self.scale[1])))
        if self.multiple is not None:
            image = _resized(image, rounded_up(image.shape[:2], self.multiple))
        return image

    def reduction(self, size: tuple[int, int], generator: np.random.Generator) -> int:
        """None: evaluation sees every pixel."""
        return 1

    def cell(self, block: int) -> Size:
        """A block."""
        return block, block

    def cut(self, view: View, cell: Box, generator: np.random.Generator) -> Output:
        """A block of a raster as it is stored: rasters are not resized."""
        patch = view.at(cell)
        return self._normalised(patch.image, patch.label)

    def packed_cut(self, view: View, cell: Box, generator: np.random.Generator) -> Packed:
        patch = view.at(cell)
        return self._packed(patch.image, patch.label)


def _flips(generator: np.random.Generator) -> random.Random:
    """Random generator of the transforms' probabilities."""
    return random.Random(int(generator.integers(2**63)))


def padded(mask: Mask, size: tuple[int, int]) -> UInt[np.ndarray, "_ _"]:
    """A label filled right and below with ignored pixels.

    Args:
        mask: What is filled up.
        size: Height and width of the result, no smaller.
    """
    result = np.full(size, np.iinfo(mask.dtype).max, dtype=mask.dtype)
    result[: mask.shape[0], : mask.shape[1]] = mask
    return result


def _resized(image: Image, size: tuple[int, int]) -> Image:
    # OpenCV drops the last axis where it has one channel.
    resized = cv2.resize(image, size[::-1], interpolation=cv2.INTER_LINEAR)
    return resized.reshape(*size, image.shape[2])
