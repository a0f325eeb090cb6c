"""Distillation between the scores of teacher and student."""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from segadapt.functional.masks import one_hot
from segadapt.functional.resize import shrink
from segadapt.structures import IGNORE
from segadapt.structures import Prediction, need


def response_distillation(
    student: Float[Tensor, "b k h w"],
    teacher: Float[Tensor, "b k h w"],
    mask: Int[Tensor, "b h w"],
    entropy: bool = True,
    per_class: bool = True,
) -> Float[Tensor, ""]:
    """Class-wise, entropy-weighted cross-entropy from teacher to student (CAC Eqs. 7-11).

    No gradient reaches the teacher.

    Args:
        student: Scores to improve.
        teacher: Scores to imitate.
        mask: Labels on the same grid; ignored pixels do not count.
        entropy: Weigh pixels by the teacher's entropy (Eq. 10).
        per_class: Average within each class present in the batch first (Eq. 11).
    """
    student, soft = student.float(), teacher.detach().float().softmax(1)
    pixel = -(soft * student.log_softmax(1)).sum(1)  # b h w
    weight = -(soft * soft.clamp_min(1e-12).log()).sum(1) if entropy else torch.ones_like(pixel)
    groups = one_hot(mask, student.shape[1]) if per_class else (mask != IGNORE)[:, None].float()
    mass = (groups * weight[:, None]).sum((0, 2, 3))
    means = (groups * (weight * pixel)[:, None]).sum((0, 2, 3)) / mass.clamp_min(1e-12)
    present = groups.sum((0, 2, 3)) > 0
    return (means * present).sum() / present.sum().clamp_min(1)


class ResponseDistillation(nn.Module):
    """:func:`response_distillation` as a term of the objective."""

    def __init__(self, entropy: bool = True, per_class: bool = True) -> None:
        super().__init__()
        self.entropy, self.per_class = entropy, per_class

    def forward(self, prediction: Prediction, mask: Int[Tensor, "b H W"]) -> Float[Tensor, ""]:
        student, teacher = prediction.student.logits, need(prediction.teacher, "teacher").logits
        mask = shrink(mask, student.shape[-2:])
        return response_distillation(student, teacher, mask, self.entropy, self.per_class)
