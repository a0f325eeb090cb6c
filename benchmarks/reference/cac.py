"""CAC as released, transcribed from the specification in the plainest way."""

from typing import NamedTuple

from benchmarks.reference.branches import (
    Weights,
    beside,
    cosine_scores,
    fixed_scores,
    label_centers,
    projected,
    shrunk,
    soft_centers,
)
from benchmarks.reference.distillation import response
from benchmarks.reference.supervision import mean_over_all, mean_over_valid, upsampled
from jaxtyping import Float, Int
from torch import Tensor


class Scores(NamedTuple):
    """Scores of the three branches."""

    coarse: Float[Tensor, "b k h w"]
    student: Float[Tensor, "b k h w"]
    teacher: Float[Tensor, "b k h w"]


def forward(
    weights: Weights, features: Float[Tensor, "b d h w"], target: Int[Tensor, "b h w"]
) -> Scores:
    """All branches; the batch is one oracle group, and nothing is dropped.

    Args:
        weights: ``dict(classifier.named_parameters())`` of a CACClassifier.
        features: Decoder output.
        target: Labels on the same grid.
    """
    fixed = weights["coarse.weight"].flatten(1)
    coarse = fixed_scores(weights, features)
    estimated = beside(soft_centers(coarse, features), fixed, len(features))
    oracle = beside(label_centers(features, target, fixed), fixed, len(features))
    student = cosine_scores(features, projected(weights, "student", estimated))
    teacher = cosine_scores(features, projected(weights, "teacher", oracle))
    return Scores(coarse, student, teacher)


def losses(scores: Scores, mask: Int[Tensor, "b H W"]) -> dict[str, Tensor]:
    """The four terms of Eq. 8 by name, each of weight 1."""
    target = shrunk(mask, *scores.student.shape[2:])
    return {
        "coarse": mean_over_valid(upsampled(scores.coarse, mask, align_corners=True), mask),
        "student": mean_over_all(upsampled(scores.student, mask, align_corners=False), mask),
        "teacher": mean_over_valid(upsampled(scores.teacher, mask, align_corners=True), mask),
        "response": response(scores.student, scores.teacher, target),
    }


def total(
    weights: Weights, features: Float[Tensor, "b d h w"], mask: Int[Tensor, "b H W"]
) -> Float[Tensor, ""]:
    """The whole objective, from features and labels of the image's size."""
    target = shrunk(mask, *features.shape[2:])
    terms = losses(forward(weights, features, target), mask)
    return terms["coarse"] + terms["student"] + terms["teacher"] + terms["response"]
