"""What the losses need to know about a batch of labels before they look at a score."""

from collections.abc import Sequence
from typing import Final

import torch
from jaxtyping import Bool, Int, Integer
from torch import Tensor

from segadapt.functional.resize import shrink
from segadapt.structures import IGNORE

BINS: Final = 2**16
"""Labels above it are counted nowhere, so that a histogram stays small."""


def labels_per_image(
    mask: Integer[Tensor, "b H W"], num_classes: int, ignore: int = IGNORE
) -> Int[Tensor, "b k"]:
    """Pixels of each class in each image.

    Args:
        mask: Labels.
        num_classes: Number of classes k.
        ignore: The label that counts nowhere.

    Raises:
        ValueError: If a label is neither a class nor ``ignore``. Checked on the CPU only: on a GPU
            it would make the host wait, and the data workers have checked every label before.
    """
    if mask.device.type == "cpu":
        return _counted(mask, num_classes, ignore)
    labels = mask.long()
    column = labels.where(labels != ignore, num_classes)
    images = torch.arange(len(mask), device=mask.device)[:, None, None]
    place = (column + images * (num_classes + 1)).flatten()
    counts = torch.zeros(len(mask) * (num_classes + 1), dtype=torch.long, device=mask.device)
    counts.index_add_(0, place, torch.ones_like(place))  # integers: exact in any order
    return counts.view(len(mask), -1)[:, :num_classes]


def _counted(labels: Integer[Tensor, "b H W"], num_classes: int, ignore: int) -> Int[Tensor, "b k"]:
    """On the CPU: by a histogram, which is several times as fast and shows wrong labels."""
    column = ignore
    if not 0 <= ignore < BINS:  # a histogram cannot hold it
        ignored, column = labels == ignore, num_classes
        labels = labels.masked_fill(ignored, 0)
    if labels.numel():
        for extreme in labels.aminmax():
            _check(int(extreme), num_classes, ignore)
    labels = labels.int()  # what fits is fastest
    if column != ignore:
        labels = labels.masked_fill(ignored, column)
    bins = max(num_classes, column + 1)
    images = torch.arange(len(labels), dtype=torch.int32)[:, None, None]
    places = (labels + bins * images).flatten()
    counts = torch.bincount(places, minlength=len(labels) * bins).view(len(labels), bins)
    for label in counts.sum(0).nonzero()[-2:, 0].tolist():  # one of them may be ignored
        if label != column:
            _check(label, num_classes, ignore)
    counts[:, column] = 0
    return counts[:, :num_classes]


def unlabelled(
    mask: Integer[Tensor, "b H W"], grid: Sequence[int], cell_label: str
) -> Bool[Tensor, "b"]:
    """Images without a labelled pixel: a teacher knows no more of them than the student does.

    Args:
        mask: Labels.
        grid: Rows and columns of the feature grid, where teachers see the labels.
        cell_label: Which label a cell gets: a key of ``functional.resize.CELL_LABELS``.
    """
    return (shrink(mask, grid, cell_label) == IGNORE).flatten(1).all(1)


def check_ignore(ignore: int) -> None:
    """Checks the label that counts nowhere; strips of labels hold single-precision numbers.

    Raises:
        ValueError: If it is not exact in single precision.
    """
    if abs(ignore) > 2**24:
        raise ValueError(f"ignore is {ignore}; give a label from {-(2**24)} to {2**24}")


def _check(label: int, num_classes: int, ignore: int) -> None:
    if label != ignore and not 0 <= label < num_classes:
        raise ValueError(
            f"the labels hold {label}, but there are {num_classes} classes "
            f"(0 to {num_classes - 1}, and {ignore} for pixels to ignore); correct "
            "data.num_classes or the label files"
        )
