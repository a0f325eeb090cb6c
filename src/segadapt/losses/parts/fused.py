"""Pixel losses at full resolution whose memory does not grow with the batch.

:func:`fused_loss` is the seam to other ways of computing the same: low-resolution scores and labels
in, one differentiable number out. All that they need to know of a loss are the arguments of its
constructor, which are its attributes.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Float, Integer
from torch import Tensor, nn

from segadapt.functional.cosine import accurate
from segadapt.losses.parts.images_loss import Plan
from segadapt.losses.parts.strip_pass import loss_of_batch
from segadapt.losses.parts.tables import Tables


class FusedLoss(nn.Module, ABC):
    """A pixel loss that can share the pass of :func:`fused_loss`.

    Alone it is called as ``loss(logits, mask)`` with scores of the labels' size, as torch's are.

    Attributes:
        relative: Whether only the differences between a pixel's scores matter, and strips of the
            difference of two classes are understood.
    """

    relative: bool = False

    @abstractmethod
    def plan(self, mask: Integer[Tensor, "b H W"], num_classes: int, group: int | None) -> Plan:
        """The loss of a batch, in parts that add up."""

    @abstractmethod
    def tables(self, mask: Integer[Tensor, "b H W"], num_classes: int, group: int | None) -> Tables:
        """The loss of a batch, as a kernel computes it."""

    def forward(
        self, logits: Float[Tensor, "b k H W"], mask: Integer[Tensor, "b H W"]
    ) -> Float[Tensor, ""]:
        return fused_loss([self], logits, mask)


@torch.compiler.disable
def fused_loss(
    losses: Sequence[FusedLoss],
    logits: Float[Tensor, "b k h w"],
    mask: Integer[Tensor, "b H W"],
    align_corners: bool = False,
    group: int | None = None,
) -> Float[Tensor, ""]:
    """Sum of pixel losses of scores that are resized to the labels on the way.

    The gradient is computed along with the value and is all that is kept for the backward pass. It
    can be taken once: there is no second derivative.

    Args:
        losses: What to sum.
        logits: Scores of any floating type; computed in float32 at least.
        mask: Labels.
        align_corners: How scores are resized: see :func:`segadapt.functional.resize.upsample`.
        group: Images of an oracle group, for losses that average over each; None for all.

    Raises:
        ValueError: If there are scores of more or fewer images than labels.
    """
    if len(logits) != len(mask):
        raise ValueError(f"there are scores of {len(logits)} images, and labels of {len(mask)}")
    classes = logits.shape[1]
    plans = [loss.plan(mask, classes, group) for loss in losses]
    with_gradient = logits.requires_grad and torch.is_grad_enabled()
    one_map = classes == 2 and logits.device.type == "cpu" and all(loss.relative for loss in losses)
    return _Fused.apply(logits, mask, one_map, plans, classes, align_corners, with_gradient)


class _Fused(torch.autograd.Function):
    """The sum of pixel losses, and its gradient; differentiable once.

    Of two classes where only their difference matters, it is the map that is resized: half as much.
    """

    @staticmethod
    def forward(
        ctx: Any,
        logits: Tensor,
        mask: Tensor,
        one_map: bool,
        plans: list[Plan],
        *options: Any,
    ) -> Tensor:
        scores = logits
        if one_map:
            scores = accurate(logits)
            scores = scores[:, 1:] - scores[:, :1]
        total, gradient = loss_of_batch(scores, mask, plans, *options)
        if gradient is not None:
            ctx.save_for_backward(gradient)
        ctx.dtype, ctx.one_map = logits.dtype, one_map
        return total

    @staticmethod
    def backward(ctx: Any, upstream: Tensor) -> tuple[Tensor | None, ...]:
        if torch.is_grad_enabled():
            raise RuntimeError("pixel losses in one pass have no second derivative")
        (gradient,) = ctx.saved_tensors
        if ctx.one_map:
            upstream = torch.stack([-upstream, upstream])[:, None, None]
        return (gradient * upstream).to(ctx.dtype), *[None] * 6
