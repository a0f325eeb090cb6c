"""A small residual encoder for CPUs, tests and the embedded data set."""

from collections.abc import Callable, Sequence
from itertools import pairwise

from jaxtyping import Float
from torch import Tensor, nn
from torchvision.ops import Conv2dNormActivation

from segadapt.models.interfaces import Encoder

Norm = Callable[[int], nn.Module]


class Residual(nn.Module):
    """Two 3x3 convolutions added to their input.

    Args:
        channels: Width.
        norm: Builds the normalisation.
    """

    def __init__(self, channels: int, norm: Norm) -> None:
        super().__init__()
        self.convolve = nn.Sequential(
            Conv2dNormActivation(channels, channels, 3, norm_layer=norm),
            Conv2dNormActivation(channels, channels, 3, norm_layer=norm, activation_layer=None),
        )

    def forward(self, features: Float[Tensor, "b d h w"]) -> Float[Tensor, "b d h w"]:
        return (features + self.convolve(features)).relu()


class TinyEncoder(Encoder):
    """3x3 convolutions at strides 4, 8, 16, ...

    A convolution at stride 2 keeps the strokes of the embedded digits apart: without it, training
    learnt where digits are, but not which ones, within 600 steps.

    Args:
        channels: Width of each level.
        blocks: Residual blocks of each level, after the convolution that begins it.
        norm: Builds the normalisation; one that needs no batch gives the same result however a
            batch is split over processes.
    """

    def __init__(
        self,
        channels: Sequence[int] = (32, 64, 128),
        blocks: Sequence[int] = (0, 1, 0),
        norm: Norm = nn.BatchNorm2d,
    ) -> None:
        super().__init__()
        self.channels = tuple(channels)
        self.strides = tuple(4 * 2**level for level in range(len(channels)))
        half = channels[0] // 2
        self.stem = nn.Sequential(
            Conv2dNormActivation(3, half, 3, 2, norm_layer=norm),
            Conv2dNormActivation(half, half, 3, norm_layer=norm),
        )
        self.stages = nn.ModuleList(
            nn.Sequential(
                Conv2dNormActivation(before, after, 3, 2, norm_layer=norm),
                *(Residual(after, norm) for _ in range(count)),
            )
            for (before, after), count in zip(pairwise((half, *channels)), blocks, strict=True)
        )

    def forward(self, image: Float[Tensor, "b c H W"]) -> list[Tensor]:
        image, pyramid = self.stem(image), []
        for stage in self.stages:
            image = stage(image)
            pyramid.append(image)
        return pyramid
