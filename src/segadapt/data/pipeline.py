"""Interface of transforms of an image and its classes, as called by data sets."""

from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float, Float32, Int, UInt, UInt8
from torch import Tensor

from segadapt.data.files.boxes import Box, Size
from segadapt.data.files.image_format import Pixels
from segadapt.data.patches import View
from segadapt.functional.normalization import IMAGENET, Statistics


@runtime_checkable
class Transform(Protocol):
    """Turns a decoded image and its classes into the network's input.

    Attributes:
        levels: What normalisation makes of the 256 levels of each channel; None: not by a table.
        statistics: Those by which images are normalised.
    """

    levels: Float32[np.ndarray, "c 256"] | None = None
    statistics: Statistics = IMAGENET

    def __call__(
        self,
        image: Pixels,
        mask: UInt[np.ndarray, "_ _"],
        generator: np.random.Generator,
    ) -> tuple[Float[Tensor, "c _ _"], UInt[Tensor, "_ _"]]:
        """Transform an image and its classes.

        Args:
            image: RGB of 8 bits, or what the data set's format says, of its mask's size divided by
                what :meth:`reduction` said.
            mask: Its classes; the largest number of its type is ignored.
            generator: Where all randomness comes from.
        """

    def packed(
        self,
        image: UInt8[np.ndarray, "_ _ _"],
        mask: UInt[np.ndarray, "_ _"],
        generator: np.random.Generator,
    ) -> tuple[UInt8[Tensor, "_ _ _"], Int[Tensor, "2"], UInt[Tensor, "_ _"]]:
        """The same, but what :attr:`levels` is for is left to the device.

        Returns:
            Image and size of a :class:`segadapt.data.packing.PackedSample`, and the classes.
        """
        raise AssertionError("this transform has no levels")

    def reduction(self, size: tuple[int, int], generator: np.random.Generator) -> int:
        """The factor by which both sides of an image may be reduced while it is decoded.

        Args:
            size: Its height and width, pixels.
            generator: A copy of the one that the transform will be called with.
        """
        return 1

    def cell(self, block: int) -> Size:
        """Height and width of the parts of large rasters that are items.

        Args:
            block: Side of a part that is looked at as a whole.
        """
        raise AssertionError("this transform is not for rasters")

    def cut(
        self, view: View, cell: Box, generator: np.random.Generator
    ) -> tuple[Float[Tensor, "c _ _"], UInt[Tensor, "_ _"]]:
        """The network input for a part of a large raster.

        Args:
            view: The raster and its label.
            cell: The part.
            generator: Where all randomness comes from.
        """
        raise AssertionError("this transform is not for rasters")

    def packed_cut(
        self, view: View, cell: Box, generator: np.random.Generator
    ) -> tuple[UInt8[Tensor, "_ _ _"], Int[Tensor, "2"], UInt[Tensor, "_ _"]]:
        """The same, but what :attr:`levels` is for is left to the device; as :meth:`packed`."""
        raise AssertionError("this transform has no levels")
