"""UPerNet (Xiao et al., ECCV 2018), as mmsegmentation builds it."""

from collections.abc import Sequence
from typing import Final

from jaxtyping import Float
from torch import Tensor, nn

from segadapt.functional.resize import upsample
from segadapt.models.decoders.parts.joined import joined_convolution
from segadapt.models.decoders.parts.layers import Norm, PooledContext, convolution
from segadapt.models.interfaces import Decoder, Features

SCALES: Final = (1, 2, 3, 6)


class PyramidPooling(nn.Module):
    """Adds to a map its averages over four grids (PSPNet, CVPR 2017).

    Args:
        before: Channels in.
        channels: Channels of each average and of the result.
        norm: Builds the normalisation.
    """

    def __init__(self, before: int, channels: int, norm: Norm) -> None:
        super().__init__()
        self.pools = nn.ModuleList(PooledContext(before, channels, s, norm) for s in SCALES)
        widths = (before, *len(SCALES) * (channels,))
        self.bottleneck = joined_convolution(widths, channels, 3, norm)

    def forward(self, features: Float[Tensor, "b _ h w"]) -> Float[Tensor, "b d h w"]:
        return self.bottleneck([features, *(pool(features) for pool in self.pools)])


class UPerNetDecoder(Decoder):
    """Pyramid pooling on the coarsest level, then a top-down feature pyramid.

    Args:
        encoder_channels: Width of each level.
        channels: Width of every map inside and of the result.
        norm: Builds the normalisation.
    """

    across_scales = True

    def __init__(
        self, encoder_channels: Sequence[int], channels: int = 512, norm: Norm = nn.BatchNorm2d
    ) -> None:
        super().__init__()
        *fine, coarsest = encoder_channels
        self.channels = channels
        self.pooling = PyramidPooling(coarsest, channels, norm)
        self.lateral = nn.ModuleList(convolution(width, channels, 1, norm) for width in fine)
        self.smooth = nn.ModuleList(convolution(channels, channels, 3, norm) for _ in fine)
        self.fuse = joined_convolution(len(encoder_channels) * (channels,), channels, 3, norm)

    def forward(self, pyramid: list[Tensor]) -> Features:
        above = self.pooling(pyramid[-1])
        maps = [above]
        steps = list(zip(self.lateral, self.smooth, pyramid[:-1], strict=True))
        for lateral, smooth, level in reversed(steps):
            above = lateral(level) + upsample(above, level.shape[2:])
            maps.insert(0, smooth(above))
        return Features(self.fuse(maps))
