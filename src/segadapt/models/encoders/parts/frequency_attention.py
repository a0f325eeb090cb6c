"""The transformer block of AFFormer (Dong et al., AAAI 2023, Sec. 3.3).

Axes of this file: n tokens (the cells of an h x w map, row by row), c channels, s heads,
e channels of one head.
"""

from typing import Final

import torch
import torch.nn.functional as F
from jaxtyping import Float
from timm.layers import DropPath
from torch import Tensor, nn

HIGH_PASS: Final = {3: 2, 5: 3, 7: 3}
"""Number of the eight heads for each window side of the high-pass filters."""

LOW_PASS: Final = (1, 2, 3, 6)
"""Grid sides that the four quarters of the channels are averaged to."""

HEADS: Final = sum(HIGH_PASS.values())

Size = tuple[int, int]


def to_map(tokens: Float[Tensor, "b n c"], size: Size) -> Float[Tensor, "b c h w"]:
    """Lay tokens out on their grid of ``size`` (rows, columns)."""
    return tokens.transpose(1, 2).unflatten(2, size)


def to_tokens(features: Float[Tensor, "b c h w"]) -> Float[Tensor, "b n c"]:
    """Line up the cells of a map, row by row."""
    return features.flatten(2).transpose(1, 2)


class FrequencyFilters(nn.Module):
    """High-pass and low-pass filters of the values; one set serves all blocks of a stage."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.widths = [heads * channels // HEADS for heads in HIGH_PASS.values()]
        self.high = nn.ModuleList(
            nn.Conv2d(width, width, side, padding=side // 2, groups=width)
            for width, side in zip(self.widths, HIGH_PASS, strict=True)
        )
        self.low = nn.ModuleList(nn.AdaptiveAvgPool2d(side) for side in LOW_PASS)

    def forward(
        self, query: Float[Tensor, "b n c"], value: Float[Tensor, "b n c"], size: Size
    ) -> Float[Tensor, "b n c"]:
        """The query gates the high frequencies; the low ones are added."""
        image = to_map(value, size)
        high = [
            conv(part) for conv, part in zip(self.high, image.split(self.widths, 1), strict=True)
        ]
        low = [
            F.interpolate(pool(part), size, mode="bilinear", align_corners=False)
            for pool, part in zip(self.low, image.chunk(len(LOW_PASS), 1), strict=True)
        ]
        return query * to_tokens(torch.cat(high, 1)) + to_tokens(torch.cat(low, 1).relu())


class FrequencyAttention(nn.Module):
    """Attention linear in the number of tokens, plus the filters of the stage."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.scale = (channels // HEADS) ** -0.5
        self.qkv = nn.Linear(channels, 3 * channels)
        self.project = nn.Linear(channels, channels)

    def forward(
        self, tokens: Float[Tensor, "b n c"], size: Size, filters: FrequencyFilters
    ) -> Float[Tensor, "b n c"]:
        query, key, value = self.qkv(tokens).chunk(3, -1)
        q, k, v = (part.unflatten(-1, (HEADS, -1)) for part in (query, key, value))  # b n s e
        summary = torch.einsum("bnsi,bnsj->bsij", k.softmax(1), v)
        attended = torch.einsum("bnsi,bsij->bnsj", q, summary).flatten(2)
        return self.project(self.scale * attended + filters(query, value, size))


class ConvolutionalMLP(nn.Module):
    """An MLP whose hidden tokens see their neighbours."""

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        self.widen = nn.Linear(channels, width)
        self.neighbours = nn.Conv2d(width, width, 3, padding=1, groups=width)
        self.narrow = nn.Linear(width, channels)

    def forward(self, tokens: Float[Tensor, "b n c"], size: Size) -> Float[Tensor, "b n c"]:
        hidden = self.widen(tokens)
        seen = to_tokens(self.neighbours(to_map(hidden, size)))
        return self.narrow(F.gelu(hidden + seen))


class FrequencyBlock(nn.Module):
    """Frequency attention and a convolutional MLP, both pre-normalised and residual."""

    def __init__(self, channels: int, ratio: int, drop_path: float) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(channels, eps=1e-6)
        self.attention = FrequencyAttention(channels)
        self.norm2 = nn.LayerNorm(channels, eps=1e-6)
        self.mlp = ConvolutionalMLP(channels, ratio * channels)
        self.drop_path = DropPath(drop_path)

    def forward(
        self, tokens: Float[Tensor, "b n c"], size: Size, filters: FrequencyFilters
    ) -> Float[Tensor, "b n c"]:
        tokens = tokens + self.drop_path(self.attention(self.norm1(tokens), size, filters))
        return tokens + self.drop_path(self.mlp(self.norm2(tokens), size))


class FrequencyTransformer(nn.Module):
    """Blocks that share their position encoding and their filters.

    Args:
        channels: Width of the map, a multiple of 8.
        ratio: MLP width over ``channels``.
        rates: Stochastic depth of each block.
    """

    def __init__(self, channels: int, ratio: int, rates: list[float]) -> None:
        super().__init__()
        self.position = nn.Conv2d(channels, channels, 3, padding=1, groups=channels)
        self.filters = FrequencyFilters(channels)
        self.blocks = nn.ModuleList(FrequencyBlock(channels, ratio, rate) for rate in rates)

    def forward(self, features: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        size = (features.shape[2], features.shape[3])
        for block in self.blocks:
            features = features + self.position(features)
            features = to_map(block(to_tokens(features), size, self.filters), size)
        return features
