"""Means within classes, boundaries and oracle groups, as one weight for each pixel.

The weights have no gradient (neither labels nor a detached entropy has one), so a class-wise loss
is a weighted sum over pixels, without a loop over classes and without masks.
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

    A pixel belongs to a bin: its oracle group, class, and half (boundary or interior). Within a
    bin, pixels are weighted by importance (CAC Eq. 11; SSA Eq. 11).

    Args:
        target: Labels; ignored pixels get weight 0.
        num_classes: Number of classes.
        importance: Relative weight of each pixel, 0 or more.
        boundary: Boundary pixels; None for no halves. A half without pixels counts as 0.
        class_wise: Whether each class has its own bins.
        all_classes: Whether the mean over classes includes those without pixels in the group, as 0.
        group: Number of images per oracle group; None for all. The last group may be smaller.
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
        values: Value of each image and class.
        group: Number of images per oracle group; None for all. The last group may be smaller; its
            images then have more weight, like its pixels in :func:`pixel_weights`.
    """
    size = len(values) if group is None else min(group, len(values))
    if len(values) % size == 0:
        return values.mean()
    means = torch.stack([part.mean() for part in values.split(size)])
    return means.mean()


def check_group(group: int | None) -> None:
    """Check the number of images of an oracle group.

    Raises:
        ValueError: If it is not positive.
    """
    if group is not None and group < 1:
        raise ValueError(f"group is {group}; it must be a number of images of at least 1, or null")
