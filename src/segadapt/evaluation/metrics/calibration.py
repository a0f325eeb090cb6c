"""Calibration of confidences (Guo et al., 2017)."""

from typing import Final, NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from segadapt.evaluation.metrics.confusion_matrix import histogram

SCALE: Final = 2**30
"""Unit in which confidences are summed as integers, so that the sum is exact in any order, for up
to eight billion pixels per bin; each is rounded by at most 5e-10."""


class Calibration(NamedTuple):
    """Confidence and accuracy by bin of confidence."""

    error: float
    """Expected calibration error: mean over pixels of |confidence - accuracy| of the bin."""
    pixels: Int[Tensor, "bins"]
    accuracy: Float[Tensor, "bins"]
    """Fraction of the bin's pixels that are correct; NaN in an empty bin."""
    confidence: Float[Tensor, "bins"]
    """Mean probability of the predicted class; NaN in an empty bin."""


def confidence_counts(
    confidence: Float[Tensor, "b H W"],
    right: Bool[Tensor, "b H W"],
    valid: Bool[Tensor, "b H W"],
    bins: int,
) -> Int[Tensor, "3 bins"]:
    """Pixels, correct pixels and summed confidence in bins of equal width, open on the left.

    Args:
        confidence: Probability of the predicted class.
        right: Whether it is the labelled class.
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
    """Calibration from :func:`confidence_counts` summed over a data set."""
    pixels, hits, total = counts.cpu().double()
    accuracy, confidence = hits / pixels, total / SCALE / pixels
    distance = (accuracy - confidence).abs().nan_to_num()
    error = ((distance * pixels).sum() / pixels.sum()).item()
    return Calibration(error, counts[0].cpu(), accuracy, confidence)
