"""Response distillation, one class after the other, with OpenCV's Canny on the host."""

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from benchmarks.reference.branches import EPSILON, IGNORE
from jaxtyping import Float, Int
from torch import Tensor

LABEL_MIX = 0.5


def response(
    student: Float[Tensor, "b k h w"],
    teacher: Float[Tensor, "b k h w"],
    target: Int[Tensor, "b h w"],
    boundary: Float[Tensor, "b h w"] | None = None,
) -> Float[Tensor, ""]:
    """Class-wise mean, weighted by the teacher's entropy, of the cross-entropy to a mixed target.

    Args:
        student: Scores that learn.
        teacher: Scores to imitate.
        target: Labels on the same grid.
        boundary: 1 on boundaries: each half of a class is then averaged by itself (SSA).
    """
    soft = teacher.detach().softmax(1)
    label = target.clone()
    label[target == IGNORE] = 0
    hard = F.one_hot(label, soft.shape[1]).permute(0, 3, 1, 2).to(soft.dtype)
    mixed = (1 - LABEL_MIX) * soft + LABEL_MIX * hard
    loss = -(mixed * student.log_softmax(1)).sum(1)
    entropy = -(soft * (soft + EPSILON).log()).sum(1)
    entropy[target == IGNORE] = 0

    total, count = loss.new_zeros(()), 0
    for k in target.unique():
        if k == IGNORE:
            continue
        weight = entropy * (target == k)
        if boundary is None:
            total = total + _mean(loss, weight)
        else:
            edge, inside = weight * boundary, weight * (1 - boundary)
            total = total + 0.5 * (_mean(loss, edge) + _mean(loss, inside))
        count += 1
    return total / (count + EPSILON)


def boundary_mask(
    target: Int[Tensor, "b h w"], edge_size: int = 3, border: int = 6
) -> Float[Tensor, "b h w"]:
    """1 near an edge of the label indices, away from the frame; float64, as released."""
    square = np.ones((edge_size, edge_size), np.uint8)
    masks = []
    for labels in target.cpu().numpy().astype(np.uint8):
        edges = cv2.Canny(labels, 0.1, 0.2)
        if border:
            edges[:border] = edges[-border:] = 0
            edges[:, :border] = edges[:, -border:] = 0
        masks.append(cv2.dilate(edges, square, iterations=1) > 50)
    return torch.from_numpy(np.stack(masks).astype(np.float64)).to(target.device)


def _mean(loss: Float[Tensor, "b h w"], weight: Float[Tensor, "b h w"]) -> Float[Tensor, ""]:
    return (loss * weight).sum() / (weight.sum() + EPSILON)
