"""A small convolutional encoder for CPUs, tests and the embedded data set."""

from collections.abc import Callable, Sequence
from itertools import pairwise

from jaxtyping import Float
from torch import Tensor, nn
from torchvision.ops import Conv2dNormActivation

from segadapt.models.interfaces import Encoder


class TinyEncoder(Encoder):
    """Pairs of 3x3 convolutions at strides 4, 8, 16, ..., the first of each pair strided.

    Args:
        channels: Width of each level.
        norm: Builds the normalisation; one that needs no batch gives the same result however a
            batch is split over processes.
    """

    def __init__(
        self,
        channels: Sequence[int] = (32, 64, 96),
        norm: Callable[[int], nn.Module] = nn.BatchNorm2d,
    ) -> None:
        super().__init__()
        self.channels = tuple(channels)
        self.strides = tuple(4 * 2**level for level in range(len(channels)))
        stem = channels[0] // 2
        self.stages = nn.ModuleList(
            [
                nn.Sequential(
                    Conv2dNormActivation(3, stem, 3, 2, norm_layer=norm),
                    Conv2dNormActivation(stem, channels[0], 3, 2, norm_layer=norm),
                )
            ]
        )
        for before, after in pairwise(channels):
            self.stages.append(
                nn.Sequential(
                    Conv2dNormActivation(before, after, 3, 2, norm_layer=norm),
                    Conv2dNormActivation(after, after, 3, norm_layer=norm),
                )
            )

    def forward(self, image: Float[Tensor, "b 3 H W"]) -> list[Tensor]:
        pyramid = []
        for stage in self.stages:
            image = stage(image)
            pyramid.append(image)
        return pyramid
