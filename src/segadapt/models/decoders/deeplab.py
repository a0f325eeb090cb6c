"""DeepLabV3+ (Chen et al., ECCV 2018), as mmsegmentation builds it."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from segadapt.functional.resize import upsample
from segadapt.models.decoders.parts.joined import joined_convolution
from segadapt.models.decoders.parts.layers import Norm, PooledContext, convolution, separable
from segadapt.models.interfaces import Decoder, Features


class SeparablePyramid(nn.Module):
    """Atrous spatial pyramid pooling with separable convolutions.

    Args:
        before: Channels in.
        channels: Channels of each of the branches and of the result.
        rates: Dilation of each 3x3 branch, in cells.
        norm: Builds the normalisation.
    """

    def __init__(self, before: int, channels: int, rates: Sequence[int], norm: Norm) -> None:
        super().__init__()
        self.branches = nn.ModuleList(
            [
                PooledContext(before, channels, 1, norm),
                convolution(before, channels, 1, norm),
                *(separable(before, channels, norm, rate) for rate in rates),
            ]
        )
        widths = len(self.branches) * (channels,)
        self.bottleneck = joined_convolution(widths, channels, 3, norm, reference=1)

    def forward(self, features: Float[Tensor, "b _ h w"]) -> Float[Tensor, "b d h w"]:
        return self.bottleneck([branch(features) for branch in self.branches])


class DeepLabV3PlusDecoder(Decoder):
    """Context from the last level, detail from the first; those between are not read.

    Args:
        encoder_channels: Width of each level.
        channels: Width of the result.
        detail: Width that the first level is reduced to.
        rates: Dilations of the pyramid, in cells of the last level; for stride 8.
        norm: Builds the normalisation.
    """

    across_scales = True

    def __init__(
        self,
        encoder_channels: Sequence[int],
        channels: int = 512,
        detail: int = 48,
        rates: Sequence[int] = (12, 24, 36),
        norm: Norm = nn.BatchNorm2d,
    ) -> None:
        super().__init__()
        self.channels = channels
        self.context = SeparablePyramid(encoder_channels[-1], channels, rates, norm)
        self.detail = convolution(encoder_channels[0], detail, 1, norm)
        self.fuse = nn.Sequential(
            separable(channels + detail, channels, norm), separable(channels, channels, norm)
        )

    def forward(self, pyramid: list[Tensor]) -> Features:
        detail = self.detail(pyramid[0])
        context = upsample(self.context(pyramid[-1]), detail.shape[2:])
        return Features(self.fuse(torch.cat([context, detail], 1)))
