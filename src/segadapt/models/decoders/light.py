"""Light, the decoder of SeaFormer (Wan et al., ICLR 2023, Sec. 3.1)."""

from collections.abc import Sequence

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from segadapt.functional.resize import upsample
from segadapt.models.decoders.parts.layers import Norm, convolution
from segadapt.models.interfaces import Decoder, Features


class Fusion(nn.Module):
    """Lets a coarse map with context gate a fine one with detail.

    Args:
        fine: Width of the fine map.
        coarse: Width of the coarse map.
        channels: Width of the result.
        norm: Builds the normalisation.
    """

    def __init__(self, fine: int, coarse: int, channels: int, norm: Norm) -> None:
        super().__init__()
        self.local = convolution(fine, channels, 1, norm, activate=False)
        self.gate = convolution(coarse, channels, 1, norm, activate=False)

    def forward(
        self, fine: Float[Tensor, "b _ h w"], coarse: Float[Tensor, "b _ _ _"]
    ) -> Float[Tensor, "b d h w"]:
        gate = upsample(F.hardsigmoid(self.gate(coarse)), fine.shape[2:])
        return self.local(fine) * gate


class LightDecoder(Decoder):
    """Gates the finest map by every coarser one in turn.

    Args:
        encoder_channels: Width of each level.
        widths: Width after each fusion, one fewer than levels; the last is the result's.
        norm: Builds the normalisation.

    Raises:
        ValueError: If the number of widths does not fit the encoder.
    """

    across_scales = True

    def __init__(
        self,
        encoder_channels: Sequence[int],
        widths: Sequence[int],
        norm: Norm = nn.BatchNorm2d,
    ) -> None:
        super().__init__()
        if not 0 < len(widths) == len(encoder_channels) - 1:
            raise ValueError(
                f"Light has {len(widths)} widths for an encoder with {len(encoder_channels)} "
                "levels; model.decoder.widths needs one fewer than there are levels"
            )
        self.channels = widths[-1]
        before = (encoder_channels[0], *widths[:-1])
        self.fusions = nn.ModuleList(
            Fusion(*parts, norm) for parts in zip(before, encoder_channels[1:], widths, strict=True)
        )
        # Depthwise: a scale per channel, as released (``is_dw``).
        self.fuse = convolution(self.channels, self.channels, 1, norm, groups=self.channels)

    def forward(self, pyramid: list[Tensor]) -> Features:
        fused = pyramid[0]
        for fusion, level in zip(self.fusions, pyramid[1:], strict=True):
            fused = fusion(fused, level)
        return Features(self.fuse(fused))
