"""Weighted cross-entropy to a distribution (CAC Eq. 7, SSA Eq. 8), a chunk of pixels at a time.

The gradient is written by hand: softmax of the scores minus the distribution. Only this is kept for
the backward pass, and intermediate values stay in the processor's cache.
"""

from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from segadapt.functional.class_order import class_dimension, class_log_shares, ordered
from segadapt.losses.parts.workspace import strip_rows


def soft_cross_entropy(
    student: Float[Tensor, "n k"],
    teacher: Float[Tensor, "n k"],
    label: Int[Tensor, "n"],
    weight: Float[Tensor, "n"],
    label_mix: float,
) -> Float[Tensor, ""]:
    """Weighted sum over pixels of the cross-entropy between softmaxes.

    SSA Eqs. 9 to 11 negate it once more, which would drive the student away from the teacher. No
    gradient reaches teacher and weights, and there is no second derivative.

    Args:
        student: Scores to train.
        teacher: Scores to imitate.
        label: Class of each pixel; any class if the weight is 0.
        weight: Weight of each pixel.
        label_mix: Fraction of the one-hot label in the distribution; the rest is the teacher's.
    """
    with_gradient = student.requires_grad and torch.is_grad_enabled()
    return _SoftCrossEntropy.apply(
        student, teacher.detach(), label, weight.detach(), label_mix, with_gradient
    )


def row_entropy(logits: Float[Tensor, "n k"]) -> Float[Tensor, "n"]:
    """Entropy of the softmax of each row, without gradient (CAC Eq. 9, SSA Eq. 12)."""
    parts = []
    for chunk in logits.detach().split(strip_rows(logits.device, logits.shape[1])):
        logarithms = class_log_shares(chunk)
        parts.append((logarithms.exp() * logarithms).sum(1))
    return -torch.cat(parts)


class _SoftCrossEntropy(torch.autograd.Function):
    """The sum and its gradient; differentiable once."""

    @staticmethod
    def forward(
        ctx: Any,
        student: Tensor,
        teacher: Tensor,
        label: Tensor,
        weight: Tensor,
        label_mix: float,
        with_gradient: bool,
    ) -> Tensor:
        sums, classes = [], class_dimension(student)
        gradient = torch.empty_like(student) if with_gradient else None
        step = strip_rows(student.device, student.shape[1])
        inputs = (x.split(step) for x in (student, teacher, label, weight))
        for number, (*both, labels, factor) in enumerate(zip(*inputs, strict=True)):
            scores, guide = (ordered(part, classes) for part in both)
            own = labels.unsqueeze(classes)
            wanted = guide.softmax(classes).mul_(1 - label_mix)
            shares = scores.softmax(classes)
            # log sum exp z = max z - log max softmax(z); the distribution sums to 1.
            normaliser = scores.amax(classes) - shares.amax(classes).log()
            named = scores.gather(classes, own).squeeze(classes)
            mean = (wanted * scores).sum(classes) + label_mix * named
            sums.append(((normaliser - mean) * factor).sum())
            if gradient is not None:
                slope = shares.sub_(wanted)
                slope.scatter_(classes, own, slope.gather(classes, own) - label_mix)
                out = gradient[number * step : (number + 1) * step]
                factor = factor.unsqueeze(classes)
                torch.mul(slope, factor, out=out if classes else out.T)
        if gradient is not None:
            ctx.save_for_backward(gradient)
        return torch.stack(sums).sum()

    @staticmethod
    def backward(ctx: Any, upstream: Tensor) -> tuple[Tensor, None, None, None, None, None]:
        if torch.is_grad_enabled():
            raise RuntimeError("the response distillation has no second derivative")
        (gradient,) = ctx.saved_tensors
        return gradient * upstream, None, None, None, None, None
