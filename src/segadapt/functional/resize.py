"""Resizing scores and labels."""

from collections.abc import Sequence

import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor


def upsample(
    logits: Float[Tensor, "b k _ _"], size: Sequence[int], align_corners: bool = False
) -> Float[Tensor, "b k H W"]:
    """Bilinear resize of scores to ``size`` (rows, columns)."""
    return F.interpolate(logits, size=tuple(size), mode="bilinear", align_corners=align_corners)


def shrink(mask: Int[Tensor, "b _ _"], size: Sequence[int]) -> Int[Tensor, "b h w"]:
    """Nearest-neighbour resize of a label map to ``size``: source index = floor(i * scale)."""
    return F.interpolate(mask[:, None].float(), size=tuple(size), mode="nearest")[:, 0].long()
