"""A small convolutional encoder for CPUs, tests and the embedded data set."""

from collections.abc import Sequence

from jaxtyping import Float
from torch import Tensor, nn

from segadapt.models.interfaces import Encoder


class TinyEncoder(Encoder):
    """Plain 3x3 convolutions, one stage per level, strides 4, 8, ..."""

    def __init__(self, channels: Sequence[int] = (32, 64, 96)) -> None:
        super().__init__()
        self.channels = tuple(channels)
        self.strides = tuple(4 * 2**level for level in range(len(channels)))
        stem = nn.Sequential(_block(3, channels[0] // 2, 2), _block(channels[0] // 2, channels[0], 2))
        rest = [
            nn.Sequential(_block(before, after, 2), _block(after, after, 1))
            for before, after in zip(channels, channels[1:], strict=False)
        ]
        self.stages = nn.ModuleList([stem, *rest])

    def forward(self, image: Float[Tensor, "b 3 H W"]) -> list[Tensor]:
        pyramid = []
        for stage in self.stages:
            image = stage(image)
            pyramid.append(image)
        return pyramid


def _block(before: int, after: int, stride: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(before, after, 3, stride, 1, bias=False), nn.BatchNorm2d(after), nn.ReLU(True)
    )
