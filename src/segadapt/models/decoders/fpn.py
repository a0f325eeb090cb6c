"""A small feature pyramid decoder (Kirillov et al., CVPR 2019, in its plainest form)."""

from collections.abc import Sequence

from torch import Tensor, nn

from segadapt.functional.resize import upsample
from segadapt.models.decoders.parts.layers import Norm, convolution
from segadapt.models.interfaces import Decoder, Features


class FPNDecoder(Decoder):
    """Adds the levels from the coarsest to the finest and smooths the sum.

    Args:
        encoder_channels: Width of each level.
        channels: Width of the result.
        norm: Builds the normalisation.
    """

    across_scales = True

    def __init__(
        self, encoder_channels: Sequence[int], channels: int = 64, norm: Norm = nn.BatchNorm2d
    ) -> None:
        super().__init__()
        self.channels = channels
        self.lateral = nn.ModuleList(nn.Conv2d(width, channels, 1) for width in encoder_channels)
        self.smooth = convolution(channels, channels, 3, norm)

    def forward(self, pyramid: list[Tensor]) -> Features:
        maps = [lateral(level) for lateral, level in zip(self.lateral, pyramid, strict=True)]
        total = maps.pop()
        for level in reversed(maps):
            total = level + upsample(total, level.shape[2:])
        return Features(self.smooth(total))
