"""A network that takes 8-bit images: normalisation becomes its first layer."""

import numpy as np
import torch
from jaxtyping import Float, Num
from torch import Tensor, nn

from segadapt.data.packing import looked_up
from segadapt.data.transforms.normalization import IMAGENET, Statistics, tables
from segadapt.functional.precision import Conversion, at_least_single
from segadapt.models.interfaces import FeatureGenerator, Features
from segadapt.segmentor import Segmentor


class PixelInput(FeatureGenerator):
    """Normalises 8-bit images to exactly the values of data loading.

    An image then takes a quarter of the memory and is normalised where it is looked at, such as in
    one window after the other. Images that are not integers are taken as normalised already.

    Args:
        generator: Generator for normalised images.
        dtype: Type of its input.
        statistics: Mean and standard deviation for the normalisation of images.
    """

    table: Tensor

    def __init__(
        self,
        generator: FeatureGenerator,
        dtype: torch.dtype = torch.float32,
        statistics: Statistics = IMAGENET,
    ) -> None:
        super().__init__()
        self.statistics = statistics
        self.generator, self.dtype = generator, dtype
        self.channels, self.inputs = generator.channels, generator.inputs
        table = torch.from_numpy(np.stack(tables(statistics)))
        self.register_buffer("table", table, persistent=False)

    def _apply(self, fn: Conversion, recurse: bool = True) -> nn.Module:
        table = at_least_single(fn)(self.table)  # halves would round the levels
        super()._apply(fn, recurse)
        self.table = table
        return self

    def forward(self, image: Num[Tensor, "b c H W"], auxiliary: bool = False) -> Features:
        pixels = image if image.is_floating_point() else self.normalised(image).to(self.dtype)
        return self.generator(pixels, auxiliary)

    def normalised(self, image: Num[Tensor, "b c H W"]) -> Float[Tensor, "b c H W"]:
        """Images normalised as in data loading; they are of 8 bits, or fractions of white."""
        if image.is_floating_point():
            mean, std = (image.new_tensor(part)[:, None, None] for part in self.statistics)
            return (image - mean) / std
        return looked_up(image, self.table)


def with_pixel_input(
    network: Segmentor, dtype: torch.dtype = torch.float32, statistics: Statistics = IMAGENET
) -> Segmentor:
    """The same network for 8-bit images; it shares its weights with the one that is given.

    Args:
        network: Network for normalised images.
        dtype: Type of its weights.
        statistics: Mean and standard deviation for the normalisation of images.
    """
    generator = PixelInput(network.generator, dtype, statistics)
    return Segmentor(generator, lambda channels, classes: network.classifier, 0).eval()
