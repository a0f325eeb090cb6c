"""MSCAN, the encoder of SegNeXt (Guo et al., NeurIPS 2022, Sec. 3.1)."""

from collections import OrderedDict
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import torch
from jaxtyping import Float
from timm.layers import DropPath, LayerNorm2d
from torch import Tensor, nn

from segadapt.models.encoders.parts.initialization import growing, initialise
from segadapt.models.interfaces import Encoder
from segadapt.models.pretrained.authors_file import load_published

STRIPS: Final = (7, 11, 21)
"""Lengths of the strip convolutions, in cells."""


class StripAttention(nn.Module):
    """Multiplies a map by a 1x1 mix of its depthwise context at four scales (Eqs. 1-2).

    A 5x5 window gathers the local context; pairs of strips (1 x n, then n x 1) widen it.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.local = _depthwise(channels, (5, 5))
        self.strips = nn.ModuleList(
            nn.Sequential(_depthwise(channels, (1, n)), _depthwise(channels, (n, 1)))
            for n in STRIPS
        )
        self.mix = nn.Conv2d(channels, channels, 1)

    def forward(self, features: Float[Tensor, "b d h w"]) -> Float[Tensor, "b d h w"]:
        local = self.local(features)
        context = sum((strip(local) for strip in self.strips), local)
        return self.mix(context) * features


class Block(nn.Module):
    """Attention and a convolutional MLP, each scaled per channel and added to the input.

    Note:
        As released, the attention adds its *normalised* input to its output before the scale.

    Args:
        channels: Width.
        ratio: Width of the MLP over ``channels``.
        drop_path: Probability of skipping a branch, per image.
    """

    def __init__(self, channels: int, ratio: int, drop_path: float) -> None:
        super().__init__()
        self.norm1 = nn.BatchNorm2d(channels)
        self.attention = nn.Sequential(
            nn.Conv2d(channels, channels, 1),
            nn.GELU(),
            StripAttention(channels),
            nn.Conv2d(channels, channels, 1),
        )
        self.norm2 = nn.BatchNorm2d(channels)
        self.mlp = nn.Sequential(
            nn.Conv2d(channels, ratio * channels, 1),
            _depthwise(ratio * channels, (3, 3)),
            nn.GELU(),
            nn.Conv2d(ratio * channels, channels, 1),
        )
        self.scale1 = nn.Parameter(torch.full((channels,), 1e-2))
        self.scale2 = nn.Parameter(torch.full((channels,), 1e-2))
        self.drop_path = DropPath(drop_path)

    def forward(self, features: Float[Tensor, "b d h w"]) -> Float[Tensor, "b d h w"]:
        normed = self.norm1(features)
        attended = normed + self.attention(normed)
        features = features + self.drop_path(self.scale1[:, None, None] * attended)
        mixed = self.mlp(self.norm2(features))
        return features + self.drop_path(self.scale2[:, None, None] * mixed)


class Stage(nn.Module):
    """Downsamples, runs the blocks and normalises; the normalised map is passed on and returned."""

    def __init__(self, embed: nn.Module, channels: int, ratio: int, rates: Sequence[float]) -> None:
        super().__init__()
        self.embed = embed
        self.blocks = nn.Sequential(*(Block(channels, ratio, rate) for rate in rates))
        self.norm = LayerNorm2d(channels, eps=1e-5)

    def forward(self, features: Float[Tensor, "b _ _ _"]) -> Float[Tensor, "b d h w"]:
        return self.norm(self.blocks(self.embed(features)))


class MSCAN(Encoder):
    """Four stages of convolutional attention at strides 4, 8, 16 and 32.

    Args:
        channels: Width of each stage.
        depths: Blocks of each stage.
        ratios: MLP width over stage width.
        drop_path: Stochastic depth of the last block, growing linearly from 0 at the first.
        pretrained: Start from published weights; needs ``weights``.
        weights: The authors' checkpoint.

    Raises:
        ValueError: If ``pretrained`` lacks its file, or the file does not fit.
    """

    def __init__(
        self,
        channels: Sequence[int],
        depths: Sequence[int],
        ratios: Sequence[int] = (8, 8, 4, 4),
        drop_path: float = 0.1,
        pretrained: bool = False,
        weights: str | None = None,
    ) -> None:
        super().__init__()
        self.channels = tuple(channels)
        self.strides = (4, 8, 16, 32)
        embeds = [_stem(channels[0]), *(_downsample(a, b) for a, b in pairwise(channels))]
        rates = iter(growing(drop_path, sum(depths)))
        self.stages = nn.ModuleList(
            Stage(embed, width, ratio, [next(rates) for _ in range(depth)])
            for embed, width, ratio, depth in zip(embeds, channels, ratios, depths, strict=True)
        )
        self.apply(initialise)
        load_published(self, pretrained, weights, RENAMES)

    def forward(self, image: Float[Tensor, "b c H W"]) -> list[Tensor]:
        pyramid = []
        for stage in self.stages:
            image = stage(image)
            pyramid.append(image)
        return pyramid


def _depthwise(channels: int, kernel: tuple[int, int]) -> nn.Conv2d:
    padding = (kernel[0] // 2, kernel[1] // 2)
    return nn.Conv2d(channels, channels, kernel, padding=padding, groups=channels)


def _stem(channels: int) -> nn.Sequential:
    half = channels // 2
    return nn.Sequential(
        nn.Conv2d(3, half, 3, 2, 1),
        nn.BatchNorm2d(half),
        nn.GELU(),
        nn.Conv2d(half, channels, 3, 2, 1),
        nn.BatchNorm2d(channels),
    )


def _downsample(before: int, after: int) -> nn.Sequential:
    conv = nn.Conv2d(before, after, 3, 2, 1)
    return nn.Sequential(OrderedDict(conv=conv, norm=nn.BatchNorm2d(after)))


RENAMES: Final = (
    (r"^patch_embed1\.proj\.", "stages.0.embed."),
    *((rf"^patch_embed{i + 1}\.proj\.", f"stages.{i}.embed.conv.") for i in (1, 2, 3)),
    *((rf"^patch_embed{i + 1}\.norm\.", f"stages.{i}.embed.norm.") for i in (1, 2, 3)),
    *((rf"^block{i + 1}\.", f"stages.{i}.blocks.") for i in range(4)),
    *((rf"^norm{i + 1}\.", f"stages.{i}.norm.") for i in range(4)),
    (r"\.attn\.proj_1\.", ".attention.0."),
    (r"\.attn\.spatial_gating_unit\.", ".attention.2."),
    (r"\.attn\.proj_2\.", ".attention.3."),
    (r"\.conv0\.", ".local."),
    *(
        (rf"\.conv{strip}_{half + 1}\.", f".strips.{strip}.{half}.")
        for strip in range(3)
        for half in range(2)
    ),
    (r"\.conv3\.", ".mix."),
    (r"\.mlp\.fc1\.", ".mlp.0."),
    (r"\.mlp\.dwconv(\.dwconv)?\.", ".mlp.1."),  # mmsegmentation 1.x has one level less
    (r"\.mlp\.fc2\.", ".mlp.3."),
    (r"\.layer_scale_", ".scale"),
)
"""Renames from checkpoints of the authors and of mmsegmentation to our names."""
