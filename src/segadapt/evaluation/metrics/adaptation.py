"""What adapting the classifier to an image was worth, pixel by pixel and class by class."""

import math
from typing import Final, NamedTuple

import torch
from jaxtyping import Float, Int, Integer
from torch import Tensor

from segadapt.evaluation.metrics.confusion_matrix import Scores, histogram
from segadapt.structures import ignored_label


class Adaptation(NamedTuple):
    """Labelled pixels by what the coarse branch and the student make of them."""

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
    """Pixels by label, whether coarse is right, and whether the student is."""
    row = torch.where(mask == ignored_label(num_classes), num_classes, mask.long())
    outcome = 2 * (coarse == mask).long() + (student == mask).long()
    counts = histogram(4 * row + outcome, 4 * (num_classes + 1))
    return counts.view(-1, 2, 2)[:num_classes]


def adaptation(counts: Int[Tensor, "k 2 2"]) -> Adaptation:
    """What :func:`outcome_counts`, summed over a data set, say."""
    counts = counts.cpu()
    return Adaptation(counts[:, 1, 1], counts[:, 0, 1], counts[:, 1, 0], counts[:, 0, 0])


LEAST_GAP: Final = 0.01
"""IoU by which the oracle must be better than the coarse branch: a share of less is noise."""


class GapClosed(NamedTuple):
    """The share of the way from the coarse branch to the oracle that the student went.

    1 is the oracle's IoU, 0 the coarse branch's, less is worse than not adapting. It is nan where
    the oracle is not better by :data:`LEAST_GAP`: there is no way to go.
    """

    miou: float
    iou: Float[Tensor, "k"]


def gap_closed(coarse: Scores, student: Scores, oracle: Scores) -> GapClosed:
    """Compare three branches of one pass; the mean's gap is that of the means."""
    gap = oracle.iou - coarse.iou
    closed = torch.where(gap >= LEAST_GAP, (student.iou - coarse.iou) / gap, math.nan)
    whole = oracle.miou - coarse.miou
    share = (student.miou - coarse.miou) / whole if whole >= LEAST_GAP else math.nan
    return GapClosed(share, closed)
