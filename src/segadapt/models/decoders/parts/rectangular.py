"""Rectangular self-calibration, the block of CGRSeg (Ni et al., ECCV 2024, Sec. 3.2)."""

from collections import OrderedDict

import torch
from jaxtyping import Float
from torch import Tensor, nn

from segadapt.models.decoders.parts.layers import Norm


class RectangularAttention(nn.Module):
    """Multiplies a map's 3x3 neighbourhoods by an attention made of its rows and columns.

    The sum of the row and the column averages of a cell marks a rectangle around what stands out;
    two strip convolutions, 1 x n and n x 1, calibrate it.

    Args:
        channels: Width.
        strip: Length of the strips, in cells.
        norm: Builds the normalisation.
    """

    def __init__(self, channels: int, strip: int, norm: Norm) -> None:
        super().__init__()
        half = strip // 2
        self.local = nn.Conv2d(channels, channels, 3, padding=1, groups=channels)
        self.calibrate = nn.Sequential(
            nn.Conv2d(channels, channels, (1, strip), padding=(0, half), groups=channels),
            norm(channels),
            nn.ReLU(),
            nn.Conv2d(channels, channels, (strip, 1), padding=(half, 0), groups=channels),
            nn.Sigmoid(),
        )

    def forward(self, features: Float[Tensor, "b d h w"]) -> Float[Tensor, "b d h w"]:
        rectangles = features.mean(3, keepdim=True) + features.mean(2, keepdim=True)
        return self.calibrate(rectangles) * self.local(features)


class SelfCalibration(nn.Module):
    """Rectangular attention and a perceptron, scaled per channel and added to the input.

    Args:
        channels: Width.
        strip: Length of the attention's strips, in cells.
        norm: Builds the normalisation.
        ratio: Hidden width of the perceptron over ``channels``.
    """

    def __init__(self, channels: int, strip: int, norm: Norm, ratio: int = 2) -> None:
        super().__init__()
        parts = OrderedDict(
            attention=RectangularAttention(channels, strip, norm),
            norm=norm(channels),
            widen=nn.Conv2d(channels, ratio * channels, 1),
            activation=nn.GELU(),
            narrow=nn.Conv2d(ratio * channels, channels, 1),
        )
        self.branch = nn.Sequential(parts)
        self.scale = nn.Parameter(torch.full((channels,), 1e-6))

    def forward(self, features: Float[Tensor, "b d h w"]) -> Float[Tensor, "b d h w"]:
        return features + self.scale[:, None, None] * self.branch(features)
