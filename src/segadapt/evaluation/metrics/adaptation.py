"""The effect of adapting the classifier to an image, by pixel and by class."""

import math
from typing import Final, NamedTuple

import torch
from jaxtyping import Float, Int, Integer
from torch import Tensor

from segadapt.evaluation.metrics.confusion_matrix import (
    Scores,
    check_labels,
    histogram,
    label_rows,
)


class Adaptation(NamedTuple):
    """Labelled pixels by the outcomes of the coarse branch and the student."""

    kept: Int[Tensor, "k"]
    """Right in both."""
    fixed: Int[Tensor, "k"]
    """Wrong in the coarse branch, right in the student."""
    broken: Int[Tensor, "k"]
    """Right in the coarse branch, wrong in the student."""
    missed: Int[Tensor, "k"]
    """Wrong in both."""


def outcome_counts(
    coarse: Int[Tensor, "b H W"],
    student: Int[Tensor, "b H W"],
    mask: Integer[Tensor, "b H W"],
    num_classes: int,
) -> Int[Tensor, "k 2 2"]:
    """Pixels by label, whether coarse is right, and whether the student is.

    Raises:
        ValueError: If a label is not a class (on the CPU; on a GPU the device's assertion fires).
    """
    row = label_rows(mask, num_classes)
    outcome = 2 * (coarse == mask).long() + (student == mask).long()
    cells = 4 * (num_classes + 1)
    counts = histogram(4 * row + outcome, cells)
    check_labels(counts, cells, mask, num_classes)
    return counts.view(-1, 2, 2)[:num_classes]


def adaptation(counts: Int[Tensor, "k 2 2"]) -> Adaptation:
    """Outcomes from :func:`outcome_counts` summed over a data set."""
    counts = counts.cpu()
    return Adaptation(counts[:, 1, 1], counts[:, 0, 1], counts[:, 1, 0], counts[:, 0, 0])


LEAST_GAP: Final = 0.01
"""Least advantage in IoU of the oracle over the coarse branch: fractions of a smaller gap are
noise."""


class GapClosed(NamedTuple):
    """The fraction of the gap from the coarse branch to the oracle that the student closes.

    1 is the oracle's IoU, 0 the coarse branch's; a negative value is worse than not adapting. It is
    NaN if the oracle is not better by at least :data:`LEAST_GAP`.
    """

    miou: float
    iou: Float[Tensor, "k"]


def gap_closed(coarse: Scores, student: Scores, oracle: Scores) -> GapClosed:
    """Compare three branches of one pass; the mean gap is that of the mean IoUs."""
    gap = oracle.iou - coarse.iou
    closed = torch.where(gap >= LEAST_GAP, (student.iou - coarse.iou) / gap, math.nan)
    whole = oracle.miou - coarse.miou
    share = (student.miou - coarse.miou) / whole if whole >= LEAST_GAP else math.nan
    return GapClosed(share, closed)
