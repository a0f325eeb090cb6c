"""Pairs of classes whose confusion costs the most mIoU."""

from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor


class ConfusedClasses(NamedTuple):
    """Pixels of one class that were predicted as another."""

    label: int
    prediction: int
    pixels: int
    share: float
    """Fraction of the label's pixels."""
    cost: float
    """Gain in mIoU if just these pixels were correct."""


def costly_pairs(confusion: Int[Tensor, "k k"], number: int) -> list[ConfusedClasses]:
    """The pairs of classes that cost the most mIoU, in decreasing order.

    Args:
        confusion: Pixels by label (row) and prediction (column).
        number: Largest number of pairs.
    """
    pixels = confusion.cpu()
    costs = pair_costs(pixels)
    labelled = pixels.sum(1)
    order = costs.flatten().argsort(descending=True, stable=True)[:number]
    pairs = [divmod(index, len(pixels)) for index in order.tolist()]
    return [
        ConfusedClasses(
            i, j, int(pixels[i, j]), float(pixels[i, j] / labelled[i]), float(costs[i, j])
        )
        for i, j in pairs
        if i != j and pixels[i, j] > 0
    ]


def pair_costs(confusion: Int[Tensor, "k k"]) -> Float[Tensor, "k k"]:
    """Gain in mIoU if the pixels of a cell were predicted as labelled.

    Only two classes change. The union of the label stays and its intersection grows; the predicted
    class loses false positives, and leaves the mean if it has no other pixels.
    """
    pixels = confusion.cpu().double()
    right = pixels.diagonal()
    union = pixels.sum(1) + pixels.sum(0) - right
    iou = (right / union).nan_to_num()
    present, total = (union > 0).sum(), iou.sum()
    gain = pixels / union[:, None].clamp_min(1)  # union of the label, row
    left = union[None] - pixels  # union of the predicted class, column
    relief = torch.where(left > 0, right[None] / left.clamp_min(1), 0.0) - iou[None]
    remaining = torch.where((left == 0) & (union[None] > 0), present - 1, present)
    costs = (total + gain + relief) / remaining.clamp_min(1) - total / present.clamp_min(1)
    return costs.fill_diagonal_(0)
