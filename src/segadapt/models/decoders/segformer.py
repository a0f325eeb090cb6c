"""The all-MLP decoder of SegFormer (Xie et al., NeurIPS 2021), as mmsegmentation builds it."""

from collections.abc import Sequence

from torch import Tensor, nn

from segadapt.models.decoders.parts.joined import joined_convolution
from segadapt.models.decoders.parts.layers import Norm, convolution
from segadapt.models.interfaces import Decoder, Features


class SegFormerDecoder(Decoder):
    """Brings all levels to one width and size and mixes them cell by cell.

    Args:
        encoder_channels: Width of each level.
        channels: Width of every map inside and of the result.
        norm: Builds the normalisation.
    """

    across_scales = True

    def __init__(
        self, encoder_channels: Sequence[int], channels: int = 256, norm: Norm = nn.BatchNorm2d
    ) -> None:
        super().__init__()
        self.channels = channels
        self.lateral = nn.ModuleList(
            convolution(width, channels, 1, norm) for width in encoder_channels
        )
        self.fuse = joined_convolution(len(encoder_channels) * (channels,), channels, 1, norm)

    def forward(self, pyramid: list[Tensor]) -> Features:
        maps = [lateral(level) for lateral, level in zip(self.lateral, pyramid, strict=True)]
        return Features(self.fuse(maps))
