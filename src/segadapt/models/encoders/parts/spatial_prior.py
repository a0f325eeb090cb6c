"""The convolutional branch of ViT-Adapter (Chen et al., ICLR 2023, Sec. 3.3)."""

from itertools import pairwise

from jaxtyping import Float
from torch import Tensor, nn
from torchvision.ops import Conv2dNormActivation


class SpatialPrior(nn.Module):
    """Maps of an image at strides 4, 8, 16 and 32, all of one width.

    Args:
        channels: Width of the maps.
        stem: Channels after the first convolution.
    """

    def __init__(self, channels: int, stem: int = 64) -> None:
        super().__init__()
        widths = (stem, 2 * stem, 4 * stem, 4 * stem)
        self.stem = nn.Sequential(
            Conv2dNormActivation(3, stem, 3, 2),
            Conv2dNormActivation(stem, stem, 3),
            Conv2dNormActivation(stem, stem, 3),
            nn.MaxPool2d(3, 2, 1),
        )
        self.down = nn.ModuleList(
            Conv2dNormActivation(before, after, 3, 2) for before, after in pairwise(widths)
        )
        self.widen = nn.ModuleList(nn.Conv2d(width, channels, 1) for width in widths)

    def forward(self, image: Float[Tensor, "b c H W"]) -> list[Tensor]:
        maps = [self.stem(image)]
        for convolve in self.down:
            maps.append(convolve(maps[-1]))
        return [widen(level) for widen, level in zip(self.widen, maps, strict=True)]
