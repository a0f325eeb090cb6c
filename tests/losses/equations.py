"""The losses as the papers and the releases define them: loops over pixels and classes, in double.

Nothing of segadapt computes here. Slow on purpose.
"""

import math

import torch
from torch import Tensor

IGNORE = 255


def groups_of(images: int, group: int | None) -> list[list[int]]:
    size = images if group is None else group
    return [list(range(first, min(first + size, images))) for first in range(0, images, size)]


def resize(logits: Tensor, size: tuple[int, int], align_corners: bool) -> Tensor:
    """Bilinear, one pixel at a time."""
    images, classes, height, width = logits.shape
    rows = [taps(i, height, size[0], align_corners) for i in range(size[0])]
    columns = [taps(j, width, size[1], align_corners) for j in range(size[1])]
    pixels = [
        sum(a * b * logits[:, :, i, j] for i, a in row for j, b in column)
        for row in rows
        for column in columns
    ]
    return torch.stack(pixels, 2).view(images, classes, *size)


def taps(index: int, source: int, target: int, align_corners: bool) -> list[tuple[int, float]]:
    if align_corners:
        position = index * (source - 1) / (target - 1) if target > 1 else 0.0
    else:
        position = max((index + 0.5) * source / target - 0.5, 0.0)
    low = min(math.floor(position), source - 1)
    return [(low, 1 - (position - low)), (min(low + 1, source - 1), position - low)]


def cross_entropy(
    scores: Tensor, mask: Tensor, mean: str, group: int | None = None, weight: Tensor | None = None
) -> Tensor:
    """Scores at the labels' resolution; ``all`` knows no groups."""
    means = []
    for members in groups_of(len(mask), None if mean == "all" else group):
        total, mass = scores.sum() * 0, 0.0
        for b in members:
            for i in range(mask.shape[1]):
                for j in range(mask.shape[2]):
                    label = int(mask[b, i, j])
                    factor = 1.0 if weight is None or label == IGNORE else float(weight[label])
                    mass += 1.0 if mean == "all" else factor * (label != IGNORE)
                    if label != IGNORE:
                        total = total - factor * log_softmax(scores[b, :, i, j])[label]
        means.append(total / mass if mass else total)
    return sum(means) / len(means)


def dice(scores: Tensor, mask: Tensor, squared: bool = False, smoothing: float = 1.0) -> Tensor:
    losses = []
    for b in range(len(mask)):
        for k in range(scores.shape[1]):
            member = (mask[b] == k).to(scores.dtype)
            if member.sum() == 0:
                continue
            share = 1 / (1 + (-scores[b, k]).exp())
            mass = (share * share if squared else share).sum() + member.sum()
            overlap = 2 * (share * member).sum()
            losses.append(1 - (overlap + smoothing) / (mass + smoothing))
    return sum(losses) / len(losses) if losses else scores.sum() * 0


def response(
    student: Tensor,
    teacher: Tensor,
    target: Tensor,
    *,
    label_mix: float = 0.5,
    source: Tensor | None = None,
    class_wise: bool = True,
    all_classes: bool = False,
    boundary: Tensor | None = None,
    group: int | None = None,
) -> Tensor:
    """CAC Eqs. 7 to 11 and SSA Eqs. 8 to 12; ``source`` gives the entropy, None: no entropy."""
    classes = student.shape[1]
    means = []
    for members in groups_of(len(target), group):
        pixels = [
            (b, i, j)
            for b in members
            for i in range(target.shape[1])
            for j in range(target.shape[2])
            if int(target[b, i, j]) != IGNORE
        ]
        present = sorted({int(target[pixel]) for pixel in pixels})
        total = student.sum() * 0
        for k in present if class_wise else [None]:
            own = [pixel for pixel in pixels if k is None or int(target[pixel]) == k]
            if boundary is None:
                halves = [own]
            else:
                halves = [[p for p in own if bool(boundary[p]) == side] for side in (True, False)]
            for half in halves:
                loss, mass = student.sum() * 0, 0.0
                for b, i, j in half:
                    soft = log_softmax(teacher[b, :, i, j].detach()).exp()
                    wanted = (1 - label_mix) * soft
                    wanted[int(target[b, i, j])] += label_mix
                    importance = 1.0
                    if source is not None:
                        logarithms = log_softmax(source[b, :, i, j].detach())
                        importance = float(-(logarithms.exp() * logarithms).sum())
                    loss = loss - importance * (wanted * log_softmax(student[b, :, i, j])).sum()
                    mass += importance
                total = total + loss / (mass + 1e-12) / len(halves)
        count = (classes if all_classes else len(present)) if class_wise else 1
        means.append(total / max(count, 1))
    return sum(means) / len(means)


def semantic(student: Tensor, teacher: Tensor, tau: float, cosine: bool, detached: bool) -> Tensor:
    """SSA Eqs. 13 to 15."""
    images, classes = student.shape[:2]

    def relation(rows: Tensor, columns: Tensor) -> Tensor:
        if cosine:
            rows = torch.stack([row / row.square().sum().sqrt() for row in rows])
            columns = torch.stack([row / row.square().sum().sqrt() for row in columns])
        values = [[tau * (row * column).sum() for column in columns] for row in rows]
        return torch.stack([log_softmax(torch.stack(row)).exp() for row in values])

    total = student.sum() * 0
    for b in range(images):
        mine = relation(student[b], student[b].detach() if detached else student[b])
        theirs = relation(teacher[b].detach(), teacher[b].detach())
        for k in range(classes):
            for j in range(classes):
                if j != k and mine[k, j] > theirs[k, j]:
                    total = total + mine[k, j] - theirs[k, j]
    return total / (images * classes)


def spatial(student: Tensor, teacher: Tensor) -> Tensor:
    """SSA Eq. 16, with the teacher as the target."""
    images, classes = student.shape[:2]
    total = student.sum() * 0
    for b in range(images):
        for k in range(classes):
            wanted = log_softmax(teacher[b, k].detach()).exp()
            total = total - (wanted * log_softmax(student[b, k])).sum()
    return total / (images * classes)


def log_softmax(row: Tensor) -> Tensor:
    return row - row.max().detach() - (row - row.max().detach()).exp().sum().log()
