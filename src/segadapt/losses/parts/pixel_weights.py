"""Means within classes, boundaries and oracle groups, as one weight for each pixel.

The weights carry no gradient (neither labels nor a detached entropy have any), so that a class-wise
loss is a plain weighted sum over pixels: no loop over classes, no mask of a class.
"""

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from segadapt.functional.cosine import EPSILON
from segadapt.structures import ignored_label


def pixel_weights(
    target: Int[Tensor, "b h w"],
    num_classes: int,
    *,
    importance: Float[Tensor, "b h w"],
    boundary: Bool[Tensor, "b h w"] | None,
    class_wise: bool,
    all_classes: bool,
    group: int | None,
) -> Float[Tensor, "b h w"]:
    """Weights w with sum_i w_i l_i = mean over groups, classes and halves of the mean of l.

    A pixel belongs to a bin: its oracle group, class, and half (boundary or interior). Within a bin
    pixels weigh by their importance (CAC Eq. 11; SSA Eq. 11).

    Args:
        target: Labels; ignored pixels get weight 0.
        num_classes: Number of classes.
        importance: Relative weight of each pixel, 0 or more.
        boundary: Boundary pixels; None does not tell them apart. A half without pixels counts as 0.
        class_wise: Whether bins tell classes apart.
        all_classes: Whether the mean over classes counts those that the group has no pixel of,
            as 0.
        group: Images of an oracle group; None for all. The last one may be smaller.
    """
    classes = num_classes if class_wise else 1
    halves = 1 if boundary is None else 2
    size = len(target) if group is None else group
    groups = -(-len(target) // size)

    valid = target != ignored_label(num_classes)
    label = target.where(valid, 0) if class_wise else torch.zeros_like(target)
    half = torch.zeros_like(target) if boundary is None else boundary.long()
    number = torch.arange(len(target), device=target.device)[:, None, None] // size
    bins = ((number * classes + label) * halves + half).flatten()

    importance = importance * valid
    mass = importance.new_zeros(groups * classes * halves)
    mass = mass.index_add_(0, bins, importance.flatten())
    count = torch.zeros(len(mass), dtype=torch.long, device=target.device)
    count = count.index_add_(0, bins, valid.flatten().long()).view(groups, classes, halves)
    present = (count.sum(2) > 0).sum(1)  # classes with a pixel, in each group
    averaged = torch.full_like(present, num_classes) if class_wise and all_classes else present
    share = 1 / ((mass + EPSILON).view(groups, -1) * averaged.clamp_min(1)[:, None])
    return importance * share.flatten()[bins].view_as(importance) / (groups * halves)


def mean_over_groups(values: Float[Tensor, "b k"], group: int | None) -> Float[Tensor, ""]:
    """Mean over the images of each oracle group and all classes, then over the groups.

    Args:
        values: Of each image and class.
        group: Images of an oracle group; None for all. The last one may be smaller, and its images
            then weigh more, as its pixels do in :func:`pixel_weights`.
    """
    size = len(values) if group is None else min(group, len(values))
    if len(values) % size == 0:
        return values.mean()
    means = torch.stack([part.mean() for part in values.split(size)])
    return means.mean()


def check_group(group: int | None) -> None:
    """Checks the number of images of an oracle group.

    Raises:
        ValueError: If it is not positive.
    """
    if group is not None and group < 1:
        raise ValueError(f"group is a number of images or null, not {group}")
