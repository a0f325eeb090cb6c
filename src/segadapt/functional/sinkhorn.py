"""Sinkhorn clustering: the pixels of each class divided evenly among its prototypes.

The entropic optimal transport of SwAV, with which ProtoSeg (Zhou et al., CVPR 2022), GMMSeg (Liang
et al., NeurIPS 2022) and DNC (Wang et al., ICLR 2023) cluster online: find the plan that favours
high scores while every pixel has mass 1 and all prototypes of a class have the same mass. All
classes are solved at once, by sums over the pixels of each label. Shape letter of this file: p
prototypes of a class.
"""

from typing import Final

import torch
from jaxtyping import Float, Int
from torch import Tensor

from segadapt.functional.distributed import max_over_ranks, sum_over_ranks
from segadapt.structures import ignored_label

TINY: Final = torch.finfo(torch.float32).tiny


@torch.no_grad()
def sinkhorn(
    scores: Float[Tensor, "n p"],
    label: Int[Tensor, "n"],
    num_classes: int,
    *,
    epsilon: float = 0.05,
    iterations: int = 3,
    over_ranks: bool = False,
) -> Float[Tensor, "n p"]:
    """The share of each prototype in each pixel, by Sinkhorn and Knopp's alternating scaling.

    L = diag(u) exp(S / epsilon) diag(v) for each class. The pixels are scaled last, so their mass
    is exactly 1, whereas the prototypes have equal mass only after many iterations.

    Args:
        scores: Scores of each pixel with the prototypes of its own class.
        label: Class of each pixel; ignored pixels have no share in any prototype.
        num_classes: Number of classes.
        epsilon: Weight of the plan's entropy, in units of the scores.
        iterations: Scalings of prototypes and pixels.
        over_ranks: Whether the pixels of all ranks are divided together; every rank must then call
            this.
    """
    valid = label != ignored_label(num_classes)
    column = label.where(valid, num_classes)  # ignored pixels form a class of their own
    peak = _greatest(scores.amax(1), column, num_classes + 1)  # cancels out, and keeps exp in range
    peak = max_over_ranks(peak) if over_ranks else peak
    plan = ((scores - peak[column, None]) / epsilon).exp() * valid[:, None]
    for _ in range(iterations):
        mass = plan.new_zeros(num_classes + 1, plan.shape[1]).index_add_(0, column, plan)
        mass = sum_over_ranks(mass) if over_ranks else mass
        plan = plan / mass.clamp_min(TINY)[column]
        plan = plan / plan.sum(1, keepdim=True).clamp_min(TINY)
    return plan


@torch.no_grad()
def partition(
    scores: Float[Tensor, "n p"],
    label: Int[Tensor, "n"],
    num_classes: int,
    *,
    epsilon: float = 0.05,
    iterations: int = 3,
    over_ranks: bool = False,
) -> Int[Tensor, "n"]:
    """The prototype of each pixel: its greatest share in :func:`sinkhorn`.

    Prototypes are numbered across all classes; those of class k begin at k p. Ignored pixels get
    -1.

    Note:
        The pixels of a class cannot be divided among more prototypes than pixels (a single pixel
        would always belong to the first); they go to the prototype with the highest score.
    """
    count = torch.zeros(num_classes + 1, dtype=torch.long, device=label.device)
    valid = label != ignored_label(num_classes)
    column = label.where(valid, num_classes)
    count.index_add_(0, column, torch.ones_like(column))
    count = sum_over_ranks(count) if over_ranks else count
    plan = sinkhorn(
        scores,
        label,
        num_classes,
        epsilon=epsilon,
        iterations=iterations,
        over_ranks=over_ranks,
    )
    number = scores.shape[1]
    shared = (count >= number)[column]
    own = plan.argmax(1).where(shared, scores.argmax(1))
    return (column * number + own).where(valid, -1)


def _greatest(
    values: Float[Tensor, "n"], column: Int[Tensor, "n"], number: int
) -> Float[Tensor, "_"]:
    """The greatest value of each column; minus infinity for an empty one.

    A maximum does not depend on the order; still, torch refuses ``scatter_reduce`` on a GPU when
    deterministic algorithms are requested.
    """
    if torch.are_deterministic_algorithms_enabled():
        own = column[:, None] == torch.arange(number, device=column.device)
        return values[:, None].where(own, -torch.inf).amax(0)
    lowest = values.new_full((number,), -torch.inf)
    return lowest.scatter_reduce_(0, column, values, "amax")
