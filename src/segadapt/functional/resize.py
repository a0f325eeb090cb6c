"""Resizing scores and labels."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import torch.nn.functional as F
from jaxtyping import Float, Int, Integer
from torch import Tensor

from segadapt.text.choices import check_choice


def upsample(
    logits: Float[Tensor, "b k _ _"], size: Sequence[int], align_corners: bool = False
) -> Float[Tensor, "b k H W"]:
    """Bilinear resize of scores.

    Channels-last scores are resized about three times faster than others, and stay channels-last.

    Args:
        logits: Scores.
        size: Rows and columns of the result.
        align_corners: Whether the centres of the corner pixels coincide (the release's up_T) rather
            than the outer edges of the two grids (its up_F, and inference).
    """
    return F.interpolate(logits, size=tuple(size), mode="bilinear", align_corners=align_corners)


def shrink(
    mask: Integer[Tensor, "b _ _"], size: Sequence[int], rule: str = "corner"
) -> Int[Tensor, "b h w"]:
    """One label for every cell of a grid.

    Small objects may vanish, as they do in the releases.

    Args:
        mask: Labels of any integer type; every label is exact in the float that torch resizes.
        size: Rows and columns of the result.
        rule: A key of ``CELL_LABELS``: the pixel whose label a cell gets.

    Raises:
        ValueError: If the rule is unknown.
    """
    return CELL_LABELS[cell_label_rule(rule)](mask, tuple(size))


def cell_label_rule(rule: str) -> str:
    """``rule``, checked to be a key of ``CELL_LABELS``.

    Raises:
        ValueError: If the rule is unknown.
    """
    check_choice("cell_label", rule, CELL_LABELS)
    return rule


def _corner(mask: Integer[Tensor, "b _ _"], size: tuple[int, ...]) -> Int[Tensor, "b h w"]:
    """The label of the pixel at floor(i * scale), the upper left one of the cell."""
    return F.interpolate(mask[:, None].float(), size=size, mode="nearest")[:, 0].long()


def _center(mask: Integer[Tensor, "b _ _"], size: tuple[int, ...]) -> Int[Tensor, "b h w"]:
    """The label of the pixel at floor((i + 0.5) * scale), at or next to the cell's centre."""
    return F.interpolate(mask[:, None].float(), size=size, mode="nearest-exact")[:, 0].long()


def _majority(mask: Integer[Tensor, "b _ _"], size: tuple[int, ...]) -> Int[Tensor, "b h w"]:
    """The most frequent label, with ignored pixels counted like others; on ties, the smallest.

    If a cell does not hold a whole number of pixels, evenly spaced points in it are counted.
    """
    points = [-(-pixels // cells) for pixels, cells in zip(mask.shape[1:], size, strict=True)]
    fine = _center(mask, (size[0] * points[0], size[1] * points[1]))
    cells = fine.unflatten(2, (size[1], points[1])).unflatten(1, (size[0], points[0]))
    return cells.transpose(2, 3).flatten(3).mode(3).values


CELL_LABELS: Final[Mapping[str, Callable[[Tensor, tuple[int, ...]], Tensor]]] = {
    "corner": _corner,
    "center": _center,
    "majority": _majority,
}
"""Rules for the label of a feature cell. The releases use ``corner``, whose pixel lies 1.5 pixels
above and left of the cell's centre at stride 4."""
