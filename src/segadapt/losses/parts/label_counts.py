"""What the losses need to know about a batch of labels before they look at a score."""

from collections.abc import Sequence

import torch
from jaxtyping import Bool, Int, Integer
from torch import Tensor

from segadapt.functional.resize import shrink
from segadapt.structures import IGNORE


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
    labels = mask.long()
    valid = labels != ignore
    if mask.device.type == "cpu":
        _check(labels.where(valid, 0), num_classes, ignore)
    column = labels.where(valid, num_classes)
    images = torch.arange(len(mask), device=mask.device)[:, None, None]
    place = (column + images * (num_classes + 1)).flatten()
    counts = torch.zeros(len(mask) * (num_classes + 1), dtype=torch.long, device=mask.device)
    counts.index_add_(0, place, torch.ones_like(place))  # integers: exact in any order
    return counts.view(len(mask), -1)[:, :num_classes]


def unlabelled(mask: Integer[Tensor, "b H W"], grid: Sequence[int]) -> Bool[Tensor, "b"]:
    """Images without a labelled pixel: a teacher knows no more of them than the student does.

    Args:
        mask: Labels.
        grid: Rows and columns of the feature grid, where teachers see the labels.
    """
    return (shrink(mask, grid) == IGNORE).flatten(1).all(1)


def _check(labels: Int[Tensor, "b H W"], num_classes: int, ignore: int) -> None:
    lowest, highest = (int(value) for value in labels.aminmax())
    if lowest < 0 or highest >= num_classes:
        raise ValueError(
            f"the labels hold {lowest if lowest < 0 else highest}, but there are {num_classes} "
            f"classes (0 to {num_classes - 1}, and {ignore} for pixels to ignore); correct "
            "data.num_classes or the label files"
        )
