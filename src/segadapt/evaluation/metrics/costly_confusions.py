"""The pairs of classes whose confusion costs most."""

from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor


class ConfusedClasses(NamedTuple):
    """Pixels of one class that were taken for another."""

    label: int
    prediction: int
    pixels: int
    share: float
    """Of the label's pixels."""
    cost: float
    """By how much the mIoU would rise if just these pixels were right."""


def costly_pairs(confusion: Int[Tensor, "k k"], number: int) -> list[ConfusedClasses]:
    """The pairs of classes that cost most mIoU, the most expensive first.

    Args:
        confusion: Pixels by label (row) and prediction (column).
        number: How many pairs at most.
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
    """By how much the mIoU would rise if the pixels of a cell were predicted as labelled.

    Only two classes change. The label's union stays and its intersection grows; the predicted class
    loses false positives, and leaves the mean where it had nothing else.
    """
    pixels = confusion.cpu().double()
    right = pixels.diagonal()
    union = pixels.sum(1) + pixels.sum(0) - right
    iou = (right / union).nan_to_num()
    present, total = (union > 0).sum(), iou.sum()
    gain = pixels / union[:, None].clamp_min(1)  # of the label, row
    left = union[None] - pixels  # union of the predicted class, column
    relief = torch.where(left > 0, right[None] / left.clamp_min(1), 0.0) - iou[None]
    remaining = torch.where((left == 0) & (union[None] > 0), present - 1, present)
    costs = (total + gain + relief) / remaining.clamp_min(1) - total / present.clamp_min(1)
    return costs.fill_diagonal_(0)
