"""CAC and SSA the way the releases are written: dense planes, normalised features, class loops.

The yardstick of the speed figures, and a second opinion on the values. Dropout is applied.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from segadapt.structures import IGNORE


def cac(classifier: nn.Module, features: Tensor, target: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Coarse, student and teacher logits; the oracle group is the whole batch."""
    weight = classifier.coarse.weight.flatten(1)
    coarse = classifier.coarse(classifier.dropout(features))
    student = classifier.student(beside(soft_centers(coarse, features), weight))
    oracle = batch_centers(features, target, weight)
    teacher = classifier.teacher(torch.cat([oracle, weight], 1)).expand(len(features), -1, -1)
    return coarse, cosine(features, student), cosine(features, teacher)


def ssa(classifier: nn.Module, features: Tensor, target: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The same of SSA."""
    weight, basis = classifier.coarse.weight.flatten(1), classifier.basis.weight
    coarse = classifier.coarse(classifier.dropout(features))
    position = classifier.position(features)
    student, teacher = classifier.student, classifier.teacher

    semantic = student.semantic(beside(soft_centers(coarse, features), weight))
    place = coarse.flatten(2).softmax(2) @ position.flatten(2).mT
    spatial = student.spatial(torch.cat([basis.expand_as(place), place], 2))
    logits = cosine(features + position, student.mix(semantic + spatial))

    oracle = teacher.semantic(torch.cat([batch_centers(features, target, weight), weight], 1))
    places = torch.stack(
        [batch_centers(position[i : i + 1], target[i : i + 1], basis) for i in range(len(features))]
    )
    where = teacher.spatial(beside(places, basis))
    taught = cosine(features + position, teacher.mix(oracle[None] + where))
    return coarse, logits, taught


def beside(centers: Tensor, fixed: Tensor) -> Tensor:
    return torch.cat([centers, fixed.expand_as(centers)], 2)


def soft_centers(coarse: Tensor, features: Tensor) -> Tensor:
    shares = coarse.softmax(1).flatten(2)
    return shares @ features.flatten(2).mT / (shares.sum(2, keepdim=True) + 1e-12)


def batch_centers(features: Tensor, target: Tensor, fixed: Tensor) -> Tensor:
    centers = fixed.detach().clone()
    for label in target.unique().tolist():
        if label == IGNORE:
            continue
        plane = (target == label).to(features.dtype)[:, None]
        centers[label] = (features * plane).sum((0, 2, 3)) / (plane.sum() + 1e-12)
    return centers


def cosine(features: Tensor, prototypes: Tensor) -> Tensor:
    features, prototypes = F.normalize(features, dim=1), F.normalize(prototypes, dim=2)
    return 15 * (prototypes @ features.flatten(2)).unflatten(2, features.shape[2:])
