"""Squeeze-enhanced axial attention, the block of SeaFormer (Wan et al., ICLR 2023, Sec. 3.2).

Axes of this file: n positions along one image axis, q channels of query and key, v of the value.
"""

from functools import partial
from typing import Final

import torch
import torch.nn.functional as F
from jaxtyping import Float
from timm.layers import DropPath
from torch import Tensor, nn
from torchvision.ops import Conv2dNormActivation

VALUE_RATIO: Final = 2
"""Channels of a value over those of a query or key."""

POSITIONS: Final = 16
"""Length of a learned position table; resized to the length of the axis."""

projection = partial(Conv2dNormActivation, kernel_size=1, activation_layer=None)
"""A 1x1 convolution and its normalisation."""


def closed(before: int, after: int) -> Conv2dNormActivation:
    """A projection that gives 0 at first, so that every gate starts at one half."""
    block = projection(before, after)
    nn.init.zeros_(block[1].weight)
    return block


class AxisAttention(nn.Module):
    """Self-attention among the rows, or among the columns, of a squeezed map.

    Args:
        channels: Width of query and key, all heads together.
        heads: Number of heads.
    """

    def __init__(self, channels: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        # The released recipe exempts "pos_emb" from weight decay by name.
        self.pos_emb_query = nn.Parameter(torch.randn(1, channels, POSITIONS))
        self.pos_emb_key = nn.Parameter(torch.randn(1, channels, POSITIONS))
        width = VALUE_RATIO * channels
        self.project = closed(width, width)

    def forward(
        self,
        query: Float[Tensor, "b q n"],
        key: Float[Tensor, "b q n"],
        value: Float[Tensor, "b v n"],
    ) -> Float[Tensor, "b v n 1"]:
        query = query + _stretch(self.pos_emb_query, query.shape[-1])
        key = key + _stretch(self.pos_emb_key, key.shape[-1])
        query, key, value = (part.unflatten(1, (self.heads, -1)) for part in (query, key, value))
        scores = key.transpose(2, 3) @ query * query.shape[2] ** -0.5
        # Not ReLU6: torch 2.15 compiles its gradient with wrong strides on one-cell-wide maps.
        mixed = (value @ scores.softmax(2)).clamp(0, 6)
        return self.project(mixed.flatten(1, 2)[..., None])


class SqueezeAxialAttention(nn.Module):
    """Attention along both axes, as a gate on a convolutional detail branch (Eqs. 4-8).

    Args:
        channels: Width of the map.
        heads: Number of heads.
        key: Width of query and key of one head.
    """

    def __init__(self, channels: int, heads: int, key: int) -> None:
        super().__init__()
        width, value = heads * key, VALUE_RATIO * heads * key
        together = 2 * width + value
        self.query = projection(channels, width)
        self.key = projection(channels, width)
        self.value = projection(channels, value)
        self.detail = nn.Sequential(
            Conv2dNormActivation(together, together, 3, groups=together, activation_layer=nn.ReLU6),
            projection(together, channels),
        )
        self.rows = AxisAttention(width, heads)
        self.columns = AxisAttention(width, heads)
        self.project = nn.Sequential(nn.ReLU6(), closed(value, channels))

    def forward(self, features: Float[Tensor, "b d h w"]) -> Float[Tensor, "b d h w"]:
        parts = self.query(features), self.key(features), self.value(features)
        rows = self.rows(*(part.mean(3) for part in parts))
        columns = self.columns(*(part.mean(2) for part in parts)).transpose(2, 3)
        gate = F.hardsigmoid(self.project(parts[2] + (rows + columns)))
        return gate * self.detail(torch.cat(parts, 1))


class AxialBlock(nn.Module):
    """Squeeze-enhanced axial attention and a convolutional MLP, both residual.

    Args:
        channels: Width of the map.
        heads: Number of heads.
        key: Width of query and key of one head.
        ratio: Width of the MLP over ``channels``.
        drop_path: Probability of skipping a branch, per image.
    """

    def __init__(self, channels: int, heads: int, key: int, ratio: int, drop_path: float) -> None:
        super().__init__()
        width = ratio * channels
        self.attention = SqueezeAxialAttention(channels, heads, key)
        self.mlp = nn.Sequential(
            projection(channels, width),
            nn.Conv2d(width, width, 3, padding=1, groups=width),
            nn.ReLU6(),
            projection(width, channels),
        )
        self.drop_path = DropPath(drop_path)

    def forward(self, features: Float[Tensor, "b d h w"]) -> Float[Tensor, "b d h w"]:
        features = features + self.drop_path(self.attention(features))
        return features + self.drop_path(self.mlp(features))


def _stretch(table: Float[Tensor, "1 q _"], length: int) -> Float[Tensor, "1 q n"]:
    return F.interpolate(table, length, mode="linear", align_corners=False)
