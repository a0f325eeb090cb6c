"""EfficientFormerV2 for images of any size, in timm's network and under timm's parameter names.

Li et al., "Rethinking vision transformers for MobileNet size and speed" (ICCV 2023). Its attention
adds a learned score to each pair of tokens, by their distance, so that timm's network takes exactly
the size it was built for. CGRSeg's release resizes the matrix of these scores, as it does here; and
it resets the scores to 0 for its training size, whatever weights it loads.

Axes of this file: s heads, q queries, n keys.
"""

from typing import Final, cast

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from timm.models.efficientformer_v2 import Attention2d, Attention2dDownsample
from torch import Tensor, nn

from segadapt.functional.resize import upsample
from segadapt.models.sizes import ceil_divide

STRIDE: Final = 32
"""Pixels of the image from one query to the next, in every attention."""


def take_any_size(network: nn.Module, side: int | None = None) -> None:
    """Replace every attention of a timm EfficientFormerV2 by one for maps of any size.

    Args:
        network: Changed in place; parameters keep their names.
        side: Reset the scores of distances to 0 for square images of this side in pixels;
            ``None`` keeps those that the network was built with.
    """
    for name, module in list(network.named_modules()):
        # The classes are timm's; there is no other mark on the parts to be replaced.
        if type(module) is Attention2d:
            network.set_submodule(name, MapAttention(module, side), strict=True)
        elif type(module) is Attention2dDownsample:
            network.set_submodule(name, DownsamplingAttention(module, side), strict=True)


class MapAttention(nn.Module):
    """Attention among the cells of a map, at half its resolution where timm's has a stride.

    Args:
        module: timm's, whose layers this one takes over.
        side: See :func:`take_any_size`.
    """

    attention_bias_idxs: Tensor

    def __init__(self, module: Attention2d, side: int | None) -> None:
        super().__init__()
        self.num_heads, self.scale = module.num_heads, module.scale
        self.stride_conv = module.stride_conv
        self.q, self.k, self.v, self.v_local = module.q, module.k, module.v, module.v_local
        self.talking_head1, self.talking_head2 = module.talking_head1, module.talking_head2
        self.act, self.proj = module.act, module.proj
        table, index = _table(module, side, step=1)
        self.attention_biases = table
        self.register_buffer("attention_bias_idxs", index, persistent=False)

    def forward(self, features: Float[Tensor, "b d h w"]) -> Float[Tensor, "b d h w"]:
        tokens = features if self.stride_conv is None else self.stride_conv(features)
        query, key, value = self.q(tokens), self.k(tokens), self.v(tokens)
        scores = _products(query, key, self.num_heads) * self.scale
        scores = scores + resized(self.attention_biases[:, self.attention_bias_idxs], scores)
        weights = self.talking_head2(self.talking_head1(scores).softmax(-1))
        mixed = _mix(weights, value, tokens) + self.v_local(value)
        if self.stride_conv is not None:
            mixed = upsample(mixed, features.shape[2:])
        return self.proj(self.act(mixed))


class DownsamplingAttention(nn.Module):
    """Attention from every second row and column of a map to all of its cells.

    Args:
        module: timm's, whose layers this one takes over.
        side: See :func:`take_any_size`.
    """

    attention_bias_idxs: Tensor

    def __init__(self, module: Attention2dDownsample, side: int | None) -> None:
        super().__init__()
        self.num_heads, self.scale = module.num_heads, module.scale
        self.q, self.k, self.v, self.v_local = module.q, module.k, module.v, module.v_local
        self.act, self.proj = module.act, module.proj
        table, index = _table(module, side, step=2)
        self.attention_biases = table
        self.register_buffer("attention_bias_idxs", index, persistent=False)

    def forward(self, features: Float[Tensor, "b _ _ _"]) -> Float[Tensor, "b d h w"]:
        query, key, value = self.q(features), self.k(features), self.v(features)
        scores = _products(query, key, self.num_heads) * self.scale
        scores = scores + resized(self.attention_biases[:, self.attention_bias_idxs], scores)
        mixed = _mix(scores.softmax(-1), value, query) + self.v_local(value)
        return self.proj(self.act(mixed))


def resized(
    matrix: Float[Tensor, "s _ _"], scores: Float[Tensor, "b s q n"]
) -> Float[Tensor, "1 s q n"]:
    """The matrix of one map's size for another one's, read bicubically as if it were an image."""
    size = scores.shape[2:]
    if matrix.shape[1:] == size:
        return matrix[None]
    return F.interpolate(matrix[None], tuple(size), mode="bicubic")


def distances(side: int, step: int) -> Int[Tensor, "q n"]:
    """Distances between query and key in rows and columns, as one index.

    Args:
        side: Rows and columns of keys.
        step: Keys from one query to the next.
    """
    apart = (torch.arange(0, side, step)[:, None] - torch.arange(side)).abs()
    index = apart[:, None, :, None] * side + apart[:, None]
    return index.flatten(2).flatten(0, 1)


def _table(
    module: Attention2d | Attention2dDownsample, side: int | None, step: int
) -> tuple[nn.Parameter, Int[Tensor, "q n"]]:
    """Score of every distance, and which of them each pair of tokens has."""
    if side is None:
        return module.attention_biases, cast(Tensor, module.attention_bias_idxs)
    keys = ceil_divide(side * step, STRIDE)
    table = module.attention_biases.new_zeros(module.num_heads, keys**2)
    return nn.Parameter(table), distances(keys, step).to(table.device)


def _products(
    query: Float[Tensor, "b _ _ _"], key: Float[Tensor, "b _ _ _"], heads: int
) -> Float[Tensor, "b s q n"]:
    query, key = (part.flatten(2).unflatten(1, (heads, -1)) for part in (query, key))
    return query.transpose(2, 3) @ key


def _mix(
    weights: Float[Tensor, "b s q n"],
    value: Float[Tensor, "b d _ _"],
    queries: Float[Tensor, "b _ h w"],
) -> Float[Tensor, "b d h w"]:
    value = value.flatten(2).unflatten(1, (weights.shape[1], -1)).transpose(2, 3)
    return (weights @ value).transpose(2, 3).flatten(1, 2).unflatten(2, queries.shape[2:])
