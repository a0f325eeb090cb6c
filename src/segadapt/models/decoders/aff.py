"""The decoder of AFFormer: head-free except for one convolution (Dong et al., AAAI 2023)."""

from collections.abc import Sequence

from torch import Tensor

from segadapt.models.decoders.parts.layers import Norm, convolution
from segadapt.models.interfaces import Decoder, Features


class AFFDecoder(Decoder):
    """Widens the last map by a 1x1 convolution; the others are not used.

    Note:
        The release has a second block of 66,048 weights that no forward pass uses. It is omitted,
        so that with 150 classes the head has 94,358 parameters, not 160,406.

    Args:
        encoder_channels: Width of each level.
        norm: Builds the normalisation; released with 32 groups.
        channels: Width of the result.
    """

    def __init__(self, encoder_channels: Sequence[int], norm: Norm, channels: int = 256) -> None:
        super().__init__()
        self.channels = channels
        self.squeeze = convolution(encoder_channels[-1], channels, 1, norm)

    def forward(self, pyramid: list[Tensor]) -> Features:
        return Features(self.squeeze(pyramid[-1]))
