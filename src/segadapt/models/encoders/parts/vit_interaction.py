"""Exchange of features between the two branches of ViT-Adapter (Chen et al., 2023, Sec. 3.4).

Axes of this file: c channels, q tokens of the transformer, v cells of the prior's three levels.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import torch
from jaxtyping import Float
from timm.layers import DropPath
from torch import Tensor, nn

from segadapt.models.encoders.parts.deformable_attention import (
    DeformableAttention,
    Size,
    cell_centres,
)

EPSILON: Final = 1e-6
"""Epsilon of the normalisations, as in the plain transformer."""

LEVELS: Final = 3
"""Number of levels of the prior that take part: strides 8, 16 and 32."""


class Layout(NamedTuple):
    """Layout of the tokens of both branches.

    Args:
        grid: Rows and columns of the transformer's tokens.
        pyramid: Rows and columns of the prior's levels, finest first.
        token_centres: Centres of the transformer's tokens.
        cell_centres: Centres of the prior's cells.
    """

    grid: Size
    pyramid: tuple[Size, ...]
    token_centres: Float[Tensor, "q 2"]
    cell_centres: Float[Tensor, "v 2"]

    @classmethod
    def of(cls, grid: Size, pyramid: Sequence[Size], like: Tensor) -> "Layout":
        """Compute the centres with the device and at least the precision of ``like``."""
        cells = torch.cat([cell_centres(size, like) for size in pyramid])
        return cls(grid, tuple(pyramid), cell_centres(grid, like), cells)


class Injector(nn.Module):
    """Adds what transformer tokens read in the prior, scaled per channel, from 0 at the start.

    Args:
        channels: Width.
        heads: Of the attention.
        ratio: Width of its values over ``channels``.
    """

    def __init__(self, channels: int, heads: int, ratio: float) -> None:
        super().__init__()
        self.query_norm = nn.LayerNorm(channels, EPSILON)
        self.value_norm = nn.LayerNorm(channels, EPSILON)
        self.attention = DeformableAttention(channels, heads, LEVELS, ratio=ratio)
        self.gamma = nn.Parameter(torch.zeros(channels))

    def forward(
        self, tokens: Float[Tensor, "b q c"], cells: Float[Tensor, "b v c"], layout: Layout
    ) -> Float[Tensor, "b q c"]:
        read = self.attention(
            self.query_norm(tokens), layout.token_centres, self.value_norm(cells), layout.pyramid
        )
        return tokens + self.gamma * read


class LevelwiseMLP(nn.Module):
    """Perceptron whose hidden layer passes a 3x3 depthwise convolution, level by level."""

    def __init__(self, channels: int, hidden: int) -> None:
        super().__init__()
        self.widen = nn.Linear(channels, hidden)
        self.depthwise = nn.Conv2d(hidden, hidden, 3, padding=1, groups=hidden)
        self.activation = nn.GELU()
        self.narrow = nn.Linear(hidden, channels)

    def forward(
        self, cells: Float[Tensor, "b v c"], sizes: Sequence[Size]
    ) -> Float[Tensor, "b v c"]:
        levels = as_maps(self.widen(cells), sizes)
        near = torch.cat([as_tokens(self.depthwise(level)) for level in levels], 1)
        return self.narrow(self.activation(near))


class Extractor(nn.Module):
    """Adds to the prior's cells what they read in the transformer's tokens, then a perceptron.

    Args:
        channels: Width.
        heads: Of the attention.
        ratio: Width of its values over ``channels``.
        hidden: Hidden width of the perceptron over ``channels``.
        drop_path: Probability of skipping the perceptron, per image.
    """

    def __init__(
        self, channels: int, heads: int, ratio: float, hidden: float, drop_path: float
    ) -> None:
        super().__init__()
        self.query_norm = nn.LayerNorm(channels, EPSILON)
        self.value_norm = nn.LayerNorm(channels, EPSILON)
        self.attention = DeformableAttention(channels, heads, 1, ratio=ratio)
        self.mlp_norm = nn.LayerNorm(channels, EPSILON)
        self.mlp = LevelwiseMLP(channels, int(channels * hidden))
        self.drop_path = DropPath(drop_path)

    def forward(
        self, cells: Float[Tensor, "b v c"], tokens: Float[Tensor, "b q c"], layout: Layout
    ) -> Float[Tensor, "b v c"]:
        cells = cells + self.attention(
            self.query_norm(cells), layout.cell_centres, self.value_norm(tokens), [layout.grid]
        )
        return cells + self.drop_path(self.mlp(self.mlp_norm(cells), layout.pyramid))


def as_maps(tokens: Float[Tensor, "b n c"], sizes: Sequence[Size]) -> list[Tensor]:
    """Tokens of several levels, one level after the other, as one map per level."""
    levels = tokens.transpose(1, 2).split([rows * columns for rows, columns in sizes], -1)
    return [level.unflatten(-1, size) for level, size in zip(levels, sizes, strict=True)]


def as_tokens(level: Float[Tensor, "b c h w"]) -> Float[Tensor, "b n c"]:
    """The cells of a map, row by row."""
    return level.flatten(2).transpose(1, 2)
