"""Position encodings P_f of the spatial half of SSA (SSA Sec. 3.2, Table 7)."""

from collections.abc import Callable, Mapping
from typing import Final

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn


def conditional_position(channels: int, size: int) -> nn.Conv2d:
    """A 3x3 depthwise convolution of the features (CPVT; the method and the release).

    It has no residual connection, because the classifier already adds it to the features (S_f +
    P_f).
    """
    return nn.Conv2d(channels, channels, kernel_size=3, padding=1, groups=channels)


class SinusoidalPosition(nn.Module):
    """Sines and cosines of the row and the column at geometric frequencies.

    Args:
        channels: Number of channels.
        size: Unused, because the pattern has any size.
    """

    def __init__(self, channels: int, size: int) -> None:
        super().__init__()
        self.channels = channels

    def forward(self, features: Float[Tensor, "b d h w"]) -> Float[Tensor, "b d h w"]:
        images, _, height, width = features.shape
        waves = -(-self.channels // 4)
        steps = torch.arange(waves, device=features.device, dtype=torch.float32)
        frequency = 10_000 ** (-steps / waves)
        row = frequency[:, None] * torch.arange(height, device=features.device)
        column = frequency[:, None] * torch.arange(width, device=features.device)
        rows = torch.cat([row.sin(), row.cos()])[:, :, None].expand(-1, -1, width)
        columns = torch.cat([column.sin(), column.cos()])[:, None, :].expand(-1, height, -1)
        pattern = torch.cat([rows, columns])[: self.channels].to(features.dtype)
        return pattern.expand(images, -1, -1, -1)


class LearnablePosition(nn.Module):
    """One learned vector per cell, resized to the current grid, as in vision transformers.

    Args:
        channels: Number of channels.
        size: Rows and columns of the learned grid.
    """

    def __init__(self, channels: int, size: int) -> None:
        super().__init__()
        self.table = nn.Parameter(torch.empty(1, channels, size, size))
        nn.init.trunc_normal_(self.table, std=0.02)

    def forward(self, features: Float[Tensor, "b d h w"]) -> Float[Tensor, "b d h w"]:
        grid = features.shape[-2:]
        table = F.interpolate(self.table, size=grid, mode="bilinear", align_corners=False)
        return table.to(features.dtype).expand(features.shape[0], -1, -1, -1)


POSITIONS: Final[Mapping[str, Callable[[int, int], nn.Module]]] = {
    "conditional": conditional_position,
    "sinusoidal": SinusoidalPosition,
    "learnable": LearnablePosition,
}
"""Builders of encodings, called with the number of channels and the side of a learned grid."""

ABSOLUTE: Final = frozenset({"sinusoidal", "learnable"})
"""Encodings of the absolute position in the image, which is unknown within a window."""
