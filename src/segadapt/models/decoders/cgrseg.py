"""The decoder of CGRSeg (Ni et al., "Context-Guided Spatial Feature Reconstruction", ECCV 2024).

Facts beyond the paper are from the authors' release and SSA's specification: sizes of kernels and
perceptrons, the gates' hard sigmoid, and the depthwise convolution at the end.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from segadapt.functional.resize import upsample
from segadapt.models.decoders.light import Fusion
from segadapt.models.decoders.parts.layers import Norm, convolution
from segadapt.models.decoders.parts.rectangular import SelfCalibration
from segadapt.models.interfaces import Decoder, Features
from segadapt.models.sizes import ceil_divide


class PyramidContext(nn.Module):
    """Averages all levels over half the coarsest grid, mixes them, and splits them again.

    Args:
        widths: Channels of each level.
        strip: Length of the blocks' strips, in cells.
        blocks: Number of blocks.
        norm: Builds the normalisation.
    """

    def __init__(self, widths: Sequence[int], strip: int, blocks: int, norm: Norm) -> None:
        super().__init__()
        self.widths = tuple(widths)
        self.blocks = nn.Sequential(
            *(SelfCalibration(sum(widths), strip, norm) for _ in range(blocks))
        )

    def forward(self, pyramid: list[Tensor]) -> list[Tensor]:
        size = ceil_divide(pyramid[-1].shape[2], 2), ceil_divide(pyramid[-1].shape[3], 2)
        pooled = torch.cat([F.adaptive_avg_pool2d(level, size) for level in pyramid], 1)
        return list(self.blocks(pooled).split(self.widths, 1))


class CGRSegDecoder(Decoder):
    """Rebuilds all levels except the finest from coarse to fine, each gated by the context of all.

    Note:
        The authors' own classifier, a refinement of the features by prototypes that their first
        scores give, is omitted: SSA takes its place, and so may any other classifier.

    Args:
        encoder_channels: Width of each level; the first is not used.
        norm: Builds the normalisation.
        channels: Width of every gated map and of the result.
        strip: Length of all strips, in cells: 11 for CGRSeg-B, 9 for L.
        blocks: Number of blocks of the context: 6 for CGRSeg-B, 5 for L.

    Raises:
        ValueError: If the encoder has one level only.
    """

    across_scales = True

    def __init__(
        self,
        encoder_channels: Sequence[int],
        norm: Norm = nn.BatchNorm2d,
        channels: int = 256,
        strip: int = 11,
        blocks: int = 6,
    ) -> None:
        super().__init__()
        widths = encoder_channels[1:]
        if not widths:
            raise ValueError(
                "CGRSeg does not use the finest level, but this encoder has only one level; choose "
                "another decoder (model/decoder=...)"
            )
        self.channels = channels
        self.context = PyramidContext(widths, strip, blocks, norm)
        self.calibrate = nn.ModuleList(SelfCalibration(width, strip, norm) for width in widths)
        self.gate = nn.ModuleList(Fusion(width, width, channels, norm) for width in widths)
        self.lateral = nn.ModuleList(nn.Conv2d(channels, width, 1) for width in widths[:-1])
        # Depthwise: a scale per channel, as released (``is_dw``).
        self.fuse = convolution(channels, channels, 1, norm, groups=channels)

    def forward(self, pyramid: list[Tensor]) -> Features:
        pyramid = pyramid[1:]
        context = self.context(pyramid)
        rebuilt = self.gate[-1](self.calibrate[-1](pyramid[-1]), context[-1])
        for i in reversed(range(len(pyramid) - 1)):
            above = self.lateral[i](upsample(rebuilt, pyramid[i].shape[2:]))
            rebuilt = self.gate[i](self.calibrate[i](pyramid[i] + above), context[i])
        return Features(self.fuse(rebuilt))
