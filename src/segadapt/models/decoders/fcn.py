"""FCN (Long et al., CVPR 2015), as mmsegmentation builds it on a dilated backbone."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from segadapt.models.decoders.parts.layers import Norm, convolution
from segadapt.models.interfaces import Decoder, Features


class FCNDecoder(Decoder):
    """Two 3x3 convolutions on the last level, then a third that also sees the level itself.

    Args:
        encoder_channels: Width of each level; only the last is read.
        channels: Width of the result.
        norm: Builds the normalisation.
    """

    def __init__(
        self, encoder_channels: Sequence[int], channels: int = 512, norm: Norm = nn.BatchNorm2d
    ) -> None:
        super().__init__()
        width = encoder_channels[-1]
        self.channels = channels
        self.convolve = nn.Sequential(
            convolution(width, channels, 3, norm), convolution(channels, channels, 3, norm)
        )
        self.join = convolution(width + channels, channels, 3, norm)

    def forward(self, pyramid: list[Tensor]) -> Features:
        level = pyramid[-1]
        return Features(self.join(torch.cat([level, self.convolve(level)], 1)))
