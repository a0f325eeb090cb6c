"""CAC and SSA transcribed one pixel and one class at a time, from the equations of the releases.

Nothing of segadapt computes here: classifiers only lend their parameters. Slow on purpose.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn

from segadapt.structures import IGNORE

EPSILON = 1e-12


class Loops(NamedTuple):
    """Every output, shaped as the classifier's."""

    coarse: Tensor
    student: Tensor
    teacher: Tensor
    semantic: Tensor
    spatial: Tensor | None
    teacher_semantic: Tensor
    teacher_spatial: Tensor | None


def cac(classifier: nn.Module, features: Tensor, target: Tensor, *, group: int) -> Loops:
    """Student (four steps) and oracle (six steps) of CAC, dropout off."""
    weight = classifier.coarse.weight[:, :, 0, 0]
    coarse = coarse_scores(classifier.coarse, features)

    estimated = soft_centers(coarse.softmax(1), features)
    student = project(classifier.student, estimated, [weight] * len(features))
    oracle = hard_centers(features, target, weight.detach(), group)
    teacher = project(classifier.teacher, oracle, [weight] * len(features))
    return Loops(
        coarse,
        scores(features, student, cosine),
        scores(features, teacher, cosine),
        student,
        None,
        teacher,
        None,
    )


def ssa(
    classifier: nn.Module, features: Tensor, target: Tensor, *, group: int, paper: bool
) -> Loops:
    """Student (eight steps) and teacher (three steps) of SSA, dropout off.

    ``paper``: the inner product of Eq. 2 instead of the cosine, and nothing after S_p + P_p.
    """
    images = len(features)
    weight, basis = classifier.coarse.weight[:, :, 0, 0], classifier.basis.weight
    coarse = coarse_scores(classifier.coarse, features)
    position = depthwise(classifier.position, features)
    score = dot if paper else cosine

    def branch(
        module: nn.Module, semantic: Tensor, first: list[Tensor], second: list[Tensor]
    ) -> tuple[Tensor, Tensor, Tensor]:
        semantic = project(module.semantic, semantic, [weight] * images)
        spatial = project(module.spatial, first, second)
        mixed = semantic + spatial
        if not paper:
            mixed = mixed @ module.mix.weight.T
        return scores(features + position, mixed, score), semantic, spatial

    place = coarse.flatten(2).softmax(2).view_as(coarse)
    estimated = soft_centers(place, position, normalise=False)
    student = branch(
        classifier.student,
        soft_centers(coarse.softmax(1), features),
        [basis] * images,
        list(estimated),
    )
    teacher = branch(
        classifier.teacher,
        hard_centers(features, target, weight.detach(), group),
        list(hard_centers(position, target, basis.detach(), 1)),
        [basis] * images,
    )
    return Loops(coarse, student[0], teacher[0], student[1], student[2], teacher[1], teacher[2])


def coarse_scores(coarse: nn.Conv2d, features: Tensor) -> Tensor:
    images, _, height, width = features.shape
    bias = coarse.bias if coarse.bias is not None else torch.zeros(len(coarse.weight))
    values = [
        sum(coarse.weight[k, c, 0, 0] * features[b, c, i, j] for c in range(features.shape[1]))
        + bias[k]
        for b in range(images)
        for k in range(len(coarse.weight))
        for i in range(height)
        for j in range(width)
    ]
    return torch.stack(values).view(images, -1, height, width)


def depthwise(convolution: nn.Conv2d, features: Tensor) -> Tensor:
    images, channels, height, width = features.shape
    values = []
    for b in range(images):
        for c in range(channels):
            for i in range(height):
                for j in range(width):
                    total = convolution.bias[c]
                    for di in (-1, 0, 1):
                        for dj in (-1, 0, 1):
                            if 0 <= i + di < height and 0 <= j + dj < width:
                                tap = convolution.weight[c, 0, di + 1, dj + 1]
                                total = total + tap * features[b, c, i + di, j + dj]
                    values.append(total)
    return torch.stack(values).view_as(features)


def soft_centers(weights: Tensor, features: Tensor, normalise: bool = True) -> Tensor:
    images, classes, height, width = weights.shape
    centers = []
    for b in range(images):
        for k in range(classes):
            cells = [(i, j) for i in range(height) for j in range(width)]
            total = sum(weights[b, k, i, j] * features[b, :, i, j] for i, j in cells)
            mass = sum(weights[b, k, i, j] for i, j in cells)
            centers.append(total / (mass + EPSILON) if normalise else total)
    return torch.stack(centers).view(images, classes, -1)


def hard_centers(features: Tensor, target: Tensor, fallback: Tensor, group: int) -> Tensor:
    images, _, height, width = features.shape
    result = []
    for b in range(images):
        first = b // group * group
        members = range(first, min(first + group, images))
        rows = []
        for k in range(len(fallback)):
            pixels = [
                features[m, :, i, j]
                for m in members
                for i in range(height)
                for j in range(width)
                if target[m, i, j] == k and target[m, i, j] != IGNORE
            ]
            rows.append(sum(pixels) / (len(pixels) + EPSILON) if pixels else fallback[k])
        result.append(torch.stack(rows))
    return torch.stack(result)


def project(
    projector: nn.Module, first: Tensor | list[Tensor], second: Tensor | list[Tensor]
) -> Tensor:
    """theta(first cat second), one prototype at a time, by the plain definition of a layer."""
    layers = [projector] if isinstance(projector, nn.Linear) else [projector[0], projector[2]]
    images = []
    for left, right in zip(first, second, strict=True):
        rows = []
        for k in range(len(left)):
            row = torch.cat([left[k], right[k]])
            for number, layer in enumerate(layers):
                row = row.clamp_min(0) if number else row
                row = layer.weight @ row + (0 if layer.bias is None else layer.bias)
            rows.append(row)
        images.append(torch.stack(rows))
    return torch.stack(images)


def cosine(pixel: Tensor, prototype: Tensor) -> Tensor:
    pixel = pixel / (pixel.square().sum().sqrt() + EPSILON)
    return 15 * (pixel * (prototype / (prototype.square().sum().sqrt() + EPSILON))).sum()


def dot(pixel: Tensor, prototype: Tensor) -> Tensor:
    return (pixel * prototype).sum()


def scores(
    features: Tensor, prototypes: Tensor, score: Callable[[Tensor, Tensor], Tensor]
) -> Tensor:
    images, _, height, width = features.shape
    values = [
        score(features[b, :, i, j], prototypes[b, k])
        for b in range(images)
        for k in range(prototypes.shape[1])
        for i in range(height)
        for j in range(width)
    ]
    return torch.stack(values).view(images, -1, height, width)
