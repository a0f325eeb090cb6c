"""Segmentation scores of a whole data set, by mmsegmentation's rules."""

from typing import NamedTuple

import torch
from jaxtyping import Float, Int, Integer, Num
from torch import Tensor
from torchmetrics import Metric

from segadapt.structures import ignored_label


class Scores(NamedTuple):
    """Scores from a confusion matrix, as fractions in float64 on the CPU.

    A class that is neither labelled nor predicted has no IoU, and one that is never labelled has no
    accuracy: these are NaN and excluded from the means. A class that is only predicted has IoU 0
    and counts.
    """

    miou: float
    accuracy: float
    """Fraction of the labelled pixels that are correct (aAcc)."""
    mean_accuracy: float
    """Mean over classes of the fraction of their pixels that is correct (mAcc)."""
    iou: Float[Tensor, "k"]
    class_accuracy: Float[Tensor, "k"]
    frequency_weighted_iou: float
    """Mean IoU with classes weighted by their fraction of the labelled pixels (fwIoU)."""


class ConfusionMatrix(Metric):
    """Counts pixels by (label, prediction) over a data set, exactly, on the device.

    Ignored pixels do not count. The counts of several ranks are summed only in ``compute``, so
    ranks may see different numbers of images.

    Args:
        num_classes: Number of classes.
    """

    full_state_update = False
    confusion: Tensor

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.num_classes = num_classes
        counts = torch.zeros(num_classes, num_classes, dtype=torch.int64)
        self.add_state("confusion", counts, dist_reduce_fx="sum")

    def update(self, prediction: Int[Tensor, "b H W"], mask: Integer[Tensor, "b H W"]) -> None:
        self.confusion += count(prediction, mask, self.num_classes)

    def compute(self) -> Int[Tensor, "k k"]:
        """Rows are labels, columns predictions."""
        return self.confusion


def count(
    prediction: Int[Tensor, "b H W"], mask: Integer[Tensor, "b H W"], num_classes: int
) -> Int[Tensor, "k k"]:
    """Number of pixels of each label (row) and prediction (column).

    Args:
        prediction: Predicted classes.
        mask: Labels; ``ignored_label(num_classes)`` counts nowhere.
        num_classes: Number of classes.

    Raises:
        ValueError: If a label or a prediction is not a class (on the CPU; on a GPU the check would
            stall the stream, and the device's own assertion fires).
    """
    row = label_rows(mask, num_classes)
    cells = (num_classes + 1) * num_classes  # the additional row takes the ignored pixels
    counts = histogram(row * num_classes + prediction, cells)
    check_labels(counts, cells, mask, num_classes)
    return counts.view(num_classes + 1, num_classes)[:num_classes]


def label_rows(mask: Integer[Tensor, "b H W"], num_classes: int) -> Int[Tensor, "b H W"]:
    """The row of each label in a histogram: its class, or ``num_classes`` if it is ignored.

    Any other label gets a row beyond these, which makes the histogram too long.
    """
    labels = mask.long()
    beyond = labels + (labels >= num_classes)  # else the label num_classes would count as ignored
    return torch.where(mask == ignored_label(num_classes), num_classes, beyond)


def counts_by_class(confusion: Num[Tensor, "k k"]) -> Num[Tensor, "3 k"]:
    """Correct, labelled and predicted pixels of each class."""
    return torch.stack([confusion.diagonal(), confusion.sum(1), confusion.sum(0)])


def histogram(cell: Int[Tensor, "*shape"], cells: int) -> Int[Tensor, "_"]:
    """Number of occurrences of each number from 0 to ``cells - 1``.

    If larger numbers occur, the result is longer on the CPU, and an assertion fires on a GPU.
    """
    cell = cell.flatten()
    if not cell.is_cuda:
        return torch.bincount(cell, minlength=cells)
    unit = torch.ones((), dtype=torch.int64, device=cell.device)
    counts = torch.zeros(cells, dtype=torch.int64, device=cell.device)
    return counts.scatter_add_(0, cell, unit.expand_as(cell))  # bincount would wait for it


def check_labels(
    counts: Int[Tensor, "_"], cells: int, mask: Integer[Tensor, "b H W"], num_classes: int
) -> None:
    """Check the length of a histogram by label, which is too long if a label is not a class.

    Raises:
        ValueError: If it is too long.
    """
    if len(counts) > cells:
        ignored = ignored_label(num_classes)
        largest = int(mask[mask != ignored].long().max())
        raise ValueError(
            f"a label of {largest} is outside the {num_classes} classes; "
            f"labels must be below {num_classes} or {ignored}"
        )


def scores(confusion: Int[Tensor, "k k"]) -> Scores:
    """IoU and accuracies by mmsegmentation's rules (see :class:`Scores`).

    Args:
        confusion: Pixels by label (row) and prediction (column), summed over the data set.
    """
    pixels = confusion.cpu().double()
    right, labelled, predicted = counts_by_class(pixels)
    iou = right / (labelled + predicted - right)  # 0 / 0 is NaN
    class_accuracy = right / labelled
    return Scores(
        miou=iou.nanmean().item(),
        accuracy=(right.sum() / labelled.sum()).item(),
        mean_accuracy=class_accuracy.nanmean().item(),
        iou=iou,
        class_accuracy=class_accuracy,
        frequency_weighted_iou=(iou.nan_to_num() * labelled / labelled.sum()).sum().item(),
    )
