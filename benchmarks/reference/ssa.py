"""SSA as released, transcribed from the specification in the plainest way."""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from benchmarks.reference.branches import (
    EPSILON,
    TAU,
    Weights,
    beside,
    cosine_scores,
    fixed_scores,
    label_centers,
    projected,
    shrunk,
    soft_centers,
)
from benchmarks.reference.distillation import boundary_mask, response
from benchmarks.reference.supervision import dice, mean_over_all, mean_over_valid, upsampled
from jaxtyping import Float, Int
from torch import Tensor

WEIGHTS = {
    "coarse": 1.0,
    "student": 1.0,
    "teacher": 1.0,
    "response": 1.0,
    "semantic": 10.0,
    "spatial": 0.4,
}
"""Weights of the terms, as released."""


class Outputs(NamedTuple):
    """Scores of the three branches, and the prototypes of student and teacher."""

    coarse: Float[Tensor, "b k h w"]
    student: Float[Tensor, "b k h w"]
    teacher: Float[Tensor, "b k h w"]
    student_semantic: Float[Tensor, "b k d"]
    teacher_semantic: Float[Tensor, "b k d"]
    student_spatial: Float[Tensor, "b k d"]
    teacher_spatial: Float[Tensor, "b k d"]


def forward(
    weights: Weights, features: Float[Tensor, "b d h w"], target: Int[Tensor, "b h w"]
) -> Outputs:
    """All branches; the batch is one oracle group, and nothing is dropped.

    Args:
        weights: ``dict(classifier.named_parameters())`` of an SSAClassifier.
        features: Decoder output.
        target: Labels on the same grid.
    """
    images, channels = features.shape[:2]
    fixed, basis = weights["coarse.weight"].flatten(1), weights["basis.weight"]
    coarse = fixed_scores(weights, features)
    kernel, bias = weights["position.weight"], weights["position.bias"]
    position = F.conv2d(features, kernel, bias, padding=1, groups=channels)

    estimated = beside(soft_centers(coarse, features), fixed, images)
    place = coarse.flatten(2).softmax(2) @ position.flatten(2).transpose(1, 2)
    student_semantic = projected(weights, "student.semantic", estimated)
    student_spatial = projected(weights, "student.spatial", beside(basis, place, images))

    oracle = beside(label_centers(features, target, fixed), fixed, images)
    places = torch.stack([label_centers(position[[i]], target[[i]], basis) for i in range(images)])
    teacher_semantic = projected(weights, "teacher.semantic", oracle)
    teacher_spatial = projected(weights, "teacher.spatial", beside(places, basis, images))

    mixed = F.linear(student_semantic + student_spatial, weights["student.mix.weight"])
    taught = F.linear(teacher_semantic + teacher_spatial, weights["teacher.mix.weight"])
    return Outputs(
        coarse,
        cosine_scores(features + position, mixed),
        cosine_scores(features + position, taught),
        student_semantic,
        teacher_semantic,
        student_spatial,
        teacher_spatial,
    )


def losses(outputs: Outputs, mask: Int[Tensor, "b H W"]) -> dict[str, Tensor]:
    """The terms of Eq. 3 and the coarse one by name, unweighted."""
    target = shrunk(mask, *outputs.student.shape[2:])
    coarse, student, teacher = (
        upsampled(scores, mask, align_corners=True)
        for scores in (outputs.coarse, outputs.student, outputs.teacher)
    )
    return {
        "coarse": mean_over_valid(coarse, mask),
        "student": mean_over_all(student, mask) + dice(student, mask),
        "teacher": mean_over_valid(teacher, mask) + dice(teacher, mask),
        "response": response(outputs.student, outputs.teacher, target, boundary_mask(target)),
        "semantic": semantic(outputs.student_semantic, outputs.teacher_semantic),
        "spatial": spatial(outputs.student_spatial, outputs.teacher_spatial),
    }


def semantic(student: Float[Tensor, "b k d"], teacher: Float[Tensor, "b k d"]) -> Float[Tensor, ""]:
    """Excess closeness of classes in the student over the teacher."""

    def relations(prototypes: Float[Tensor, "b k d"]) -> Float[Tensor, "b k k"]:
        units = prototypes / (prototypes.norm(dim=2, keepdim=True) + EPSILON)
        close = (TAU * units @ units.detach().transpose(1, 2)).softmax(2)
        return close * (1 - torch.eye(close.shape[1], device=close.device))

    return (relations(student) - relations(teacher.detach())).clamp(min=0).sum(2).mean()


def spatial(student: Float[Tensor, "b k d"], teacher: Float[Tensor, "b k d"]) -> Float[Tensor, ""]:
    """Cross-entropy over the channels, from teacher to student."""
    return -(teacher.detach().softmax(2) * student.log_softmax(2)).sum(2).mean()


def total(
    weights: Weights, features: Float[Tensor, "b d h w"], mask: Int[Tensor, "b H W"]
) -> Float[Tensor, ""]:
    """The whole objective, from features and labels of the image's size."""
    target = shrunk(mask, *features.shape[2:])
    terms = losses(forward(weights, features, target), mask)
    return torch.stack([WEIGHTS[name] * value for name, value in terms.items()]).sum()
