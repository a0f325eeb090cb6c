"""The neck from maps of one stride to a pyramid, for decoders of convolutional backbones."""

from collections.abc import Callable
from typing import Final

from torch import Tensor, nn


class TokenPyramid(nn.Module):
    """Resizes four maps of equal stride to 4, 2, 1 and 1/2 times their resolution.

    By transposed convolutions and pooling, as BEiT's segmentation network does (Bao et al., ICLR
    2022): four times is two steps with a normalisation and GELU between.

    Args:
        channels: Width of every map, before and after.
        norm: Builds the normalisation.
    """

    scales: Final = (4.0, 2.0, 1.0, 0.5)

    def __init__(self, channels: int, norm: Callable[[int], nn.Module] = nn.BatchNorm2d) -> None:
        super().__init__()
        self.levels = nn.ModuleList(
            [
                nn.Sequential(_double(channels), norm(channels), nn.GELU(), _double(channels)),
                _double(channels),
                nn.Identity(),
                nn.MaxPool2d(2),
            ]
        )

    def forward(self, maps: list[Tensor]) -> list[Tensor]:
        return [level(tokens) for level, tokens in zip(self.levels, maps, strict=True)]


def _double(channels: int) -> nn.ConvTranspose2d:
    return nn.ConvTranspose2d(channels, channels, 2, 2)
