"""Losses between pixels and the prototypes to which they were assigned."""

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Integer
from torch import Tensor, nn

from segadapt.functional.cosine import accurate
from segadapt.functional.distributed import sum_over_ranks, world_size
from segadapt.structures import Prediction, require


class PrototypeContrast(nn.Module):
    """Cross-entropy of a pixel's own prototype against all prototypes of all classes.

    The pixel-prototype contrast of ProtoSeg (Eq. 11) and, with log densities as scores, the
    contrastive term of GMMSeg's code. The mean runs over the labelled pixels of all ranks.

    Args:
        tau: Temperature that divides the scores (ProtoSeg: 0.1 as printed; its code: 1).

    Raises:
        ValueError: If it is not positive.
    """

    def __init__(self, tau: float = 0.1) -> None:
        super().__init__()
        if not tau > 0:
            raise ValueError(f"tau of the prototype contrast is {tau}; it must be positive")
        self.tau = tau

    def forward(self, prediction: Prediction, mask: Integer[Tensor, "b H W"]) -> Float[Tensor, ""]:
        _, scores, target = require(prediction.assignment, "assignment to prototypes")
        losses = F.cross_entropy(
            accurate(scores) / self.tau, target, ignore_index=-1, reduction="sum"
        )
        return losses / _share(target >= 0)


class PrototypeDistance(nn.Module):
    """(1 - cosine)^2 between a pixel and its own prototype (ProtoSeg Eq. 12)."""

    def forward(self, prediction: Prediction, mask: Integer[Tensor, "b H W"]) -> Float[Tensor, ""]:
        _, cosines, target = require(prediction.assignment, "assignment to prototypes")
        own = accurate(cosines).gather(1, target.clamp_min(0)[:, None])[:, 0]
        assigned = target >= 0
        return ((1 - own).square() * assigned).sum() / _share(assigned)


def _share(assigned: Bool[Tensor, "n"]) -> Float[Tensor, ""]:
    """Assigned pixels of all ranks divided by the number of ranks, whose losses are averaged."""
    return (sum_over_ranks(assigned.sum()).to(torch.float32) / world_size()).clamp_min(1)
