"""Swin's shifted windows as published, in timm's network and under timm's parameter names.

Liu et al., "Swin Transformer" (ICCV 2021), Sec. 3.2. timm rolls a map first and pads it to whole
windows afterwards; the authors and mmsegmentation pad first, so that the two agree only where
nothing is padded (with random weights their last maps differ by a quarter at 512 x 512).

Axes of this file: c channels, s heads, w windows of one image, t tokens of one window.
"""

from typing import cast

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from timm.layers import Mlp
from timm.models.swin_transformer import SwinTransformerBlock
from torch import Tensor, nn

from segadapt.models.sizes import ceil_divide

Size = tuple[int, int]
HIDDEN = -100.0
"""Value added to the score of two tokens that are neighbours only because of the roll."""


def pad_before_shift(network: nn.Module) -> None:
    """Replace every block of a timm Swin by one that pads before it rolls, and always shifts.

    Parameters, their names and the state dict stay the same.
    """
    for name, module in list(network.named_modules()):
        # The class is timm's; there is no other mark on the blocks to be replaced.
        if type(module) is SwinTransformerBlock:
            network.set_submodule(name, ShiftedWindowBlock.of(module), strict=True)


class ShiftedWindowAttention(nn.Module):
    """Self-attention among the tokens of each window of a map, shifted or not.

    Args:
        window: Rows and columns of a window.
        shift: Rows and columns that the windows move by.
        heads: Number of heads.
        qkv: Linear layer to queries, keys and values.
        project: Linear layer after the attention.
        table: Score that each relative position adds, per head.
        index: Row of the table for each pair of tokens.
        dropout: Fraction of attention weights dropped in training.
    """

    relative_position_index: Tensor
    visibility: Tensor

    def __init__(
        self,
        window: Size,
        shift: Size,
        heads: int,
        *,
        qkv: nn.Linear,
        proj: nn.Linear,
        table: nn.Parameter,
        index: Int[Tensor, "t t"],
        dropout: float,
    ) -> None:
        super().__init__()
        self.window, self.shift, self.heads, self.dropout = window, shift, heads, dropout
        self.relative_position_bias_table = table
        self.qkv, self.proj = qkv, proj
        self.register_buffer("relative_position_index", index, persistent=False)
        hidden = window_visibility(window, shift).to(table)
        self.register_buffer("visibility", hidden, persistent=False)

    def forward(self, tokens: Float[Tensor, "b h w c"]) -> Float[Tensor, "b h w c"]:
        images, rows, columns, channels = tokens.shape
        high, wide = self.window
        down, across = ceil_divide(rows, high), ceil_divide(columns, wide)
        tokens = F.pad(tokens, (0, 0, 0, across * wide - columns, 0, down * high - rows))
        if any(self.shift):
            tokens = tokens.roll((-self.shift[0], -self.shift[1]), (1, 2))
        tokens = tokens.unflatten(2, (across, wide)).unflatten(1, (down, high)).transpose(2, 3)
        windows = tokens.reshape(-1, high * wide, channels)
        attended = self._attend(windows, images, down, across)
        attended = attended.unflatten(1, (high, wide)).unflatten(0, (images, down, across))
        tokens = attended.transpose(2, 3).flatten(3, 4).flatten(1, 2)
        if any(self.shift):
            tokens = tokens.roll(self.shift, (1, 2))
        if torch.compiler.is_exporting():  # a slice's strides show whether the map was padded
            for axis, side in ((1, rows), (2, columns)):
                tokens = tokens.index_select(axis, torch.arange(side, device=tokens.device))
            return tokens
        return tokens[:, :rows, :columns]

    def _attend(
        self, windows: Float[Tensor, "n t c"], images: int, down: int, across: int
    ) -> Float[Tensor, "n t c"]:
        query, key, value = (
            self.qkv(windows).unflatten(2, (3, self.heads, -1)).permute(2, 0, 3, 1, 4).unbind(0)
        )
        bias = self._bias(down, across).to(query.dtype)
        if any(self.shift):
            bias = bias.repeat(images, 1, 1, 1)
        dropout = self.dropout if self.training else 0.0
        mixed = F.scaled_dot_product_attention(query, key, value, bias, dropout)
        return self.proj(mixed.transpose(1, 2).flatten(2))

    def _bias(self, down: int, across: int) -> Float[Tensor, "w s t t"]:
        """The bias added to the scores, for each window of an image or equal for all."""
        bias = self.relative_position_bias_table[self.relative_position_index].permute(2, 0, 1)
        if not any(self.shift):
            return bias[None]
        kind = torch.zeros(down, across, dtype=torch.long, device=bias.device)
        kind[-1] += 2
        kind[:, -1] += 1
        return (bias + self.visibility[:, None])[kind.flatten()]


class ShiftedWindowBlock(nn.Module):
    """Window attention and a perceptron, each normalised before and added to the input.

    Args:
        attention: The window attention.
        norm1: Normalisation before it.
        norm2: Normalisation before the perceptron.
        mlp: The perceptron.
        drop_path1: Stochastic depth of the attention.
        drop_path2: Stochastic depth of the perceptron.
    """

    def __init__(
        self,
        attention: ShiftedWindowAttention,
        norm1: nn.Module,
        norm2: nn.Module,
        mlp: Mlp,
        drop_path1: nn.Module,
        drop_path2: nn.Module,
    ) -> None:
        super().__init__()
        self.norm1, self.attn, self.drop_path1 = norm1, attention, drop_path1
        self.norm2, self.mlp, self.drop_path2 = norm2, mlp, drop_path2

    @classmethod
    def of(cls, block: SwinTransformerBlock) -> "ShiftedWindowBlock":
        """The same block, holding the layers of timm's."""
        attn = block.attn
        attention = ShiftedWindowAttention(
            attn.window_size,
            block.target_shift_size,
            attn.num_heads,
            qkv=attn.qkv,
            proj=attn.proj,
            table=attn.relative_position_bias_table,
            index=cast(Tensor, attn.relative_position_index),
            dropout=attn.attn_drop.p,
        )
        parts = block.norm1, block.norm2, block.mlp, block.drop_path1, block.drop_path2
        return cls(attention, *parts)

    def forward(self, tokens: Float[Tensor, "b h w c"]) -> Float[Tensor, "b h w c"]:
        tokens = tokens + self.drop_path1(self.attn(self.norm1(tokens)))
        return tokens + self.drop_path2(self.mlp(self.norm2(tokens)))


def window_visibility(window: Size, shift: Size) -> Float[Tensor, "4 t t"]:
    """Mask of the tokens of a window that may see each other, for the four kinds of windows.

    After a roll, the windows of the last row hold the image's bottom and its top, those of the last
    column its right and left. Kinds: inner, last column, last row, both.

    Args:
        window: Rows and columns of a window.
        shift: Rows and columns of the roll.

    Returns:
        0 where they may, else :data:`HIDDEN`.
    """
    row, column = torch.meshgrid(*(torch.arange(side) for side in window), indexing="ij")
    wrapped_rows = (row >= window[0] - shift[0]).flatten()
    wrapped_columns = (column >= window[1] - shift[1]).flatten()
    apart_rows = wrapped_rows[:, None] != wrapped_rows
    apart_columns = wrapped_columns[:, None] != wrapped_columns
    kinds = [apart_rows & False, apart_columns, apart_rows, apart_rows | apart_columns]
    return HIDDEN * torch.stack(kinds).float()
