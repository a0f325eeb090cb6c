"""How far confidences can be believed (Guo et al., 2017)."""

from typing import Final, NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from segadapt.evaluation.metrics.confusion_matrix import histogram

SCALE: Final = 2**30
"""Confidences are summed as integers of this unit: exact, whatever the order and the ranks, for
eight billion pixels in a bin, each within 5e-10."""


class Calibration(NamedTuple):
    """Confidence and accuracy by bin of confidence."""

    error: float
    """Expected calibration error: the mean over pixels of the distance between the two."""
    pixels: Int[Tensor, "bins"]
    accuracy: Float[Tensor, "bins"]
    """Share of the bin's pixels that are right; nan in an empty bin."""
    confidence: Float[Tensor, "bins"]
    """Mean probability of the predicted class; nan in an empty bin."""


def confidence_counts(
    confidence: Float[Tensor, "b H W"],
    right: Bool[Tensor, "b H W"],
    valid: Bool[Tensor, "b H W"],
    bins: int,
) -> Int[Tensor, "3 bins"]:
    """Pixels, right pixels and summed confidence of bins of equal width, open to the left.

    Args:
        confidence: Probability of the predicted class.
        right: Where it is the labelled class.
        valid: Pixels that count.
        bins: Number of bins.
    """
    exact = confidence.double()
    place = torch.where(valid, (exact * bins).ceil().long().sub(1).clamp(0, bins - 1), bins)
    total = torch.zeros(bins + 1, dtype=torch.int64, device=place.device)
    total.index_add_(0, place.flatten(), (exact * SCALE).round().long().flatten())
    pixels = histogram(place, bins + 1)
    hits = histogram(torch.where(right, place, bins), bins + 1)
    return torch.stack([pixels, hits, total])[:, :bins]


def calibration(counts: Int[Tensor, "3 bins"]) -> Calibration:
    """What :func:`confidence_counts`, summed over a data set, say."""
    pixels, hits, total = counts.cpu().double()
    accuracy, confidence = hits / pixels, total / SCALE / pixels
    distance = (accuracy - confidence).abs().nan_to_num()
    error = ((distance * pixels).sum() / pixels.sum()).item()
    return Calibration(error, counts[0].cpu(), accuracy, confidence)
