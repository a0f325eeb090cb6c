"""Pixel losses at full resolution whose memory does not grow with the batch.

:func:`fused_loss` is the interface to other implementations: from low-resolution scores and labels
to one differentiable number. They need only the constructor arguments of a loss, which are its
attributes.
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

    On its own it is called as ``loss(logits, mask)`` with scores of the labels' size, like losses
    of torch.

    Attributes:
        relative: Whether only the differences between a pixel's scores matter, so that strips with
            the difference of two classes are accepted.
        ignore: The ignored label; None for the default of the number of classes.
    """

    relative: bool = False
    ignore: int | None = None

    @abstractmethod
    def plan(self, mask: Integer[Tensor, "b H W"], num_classes: int, group: int | None) -> Plan:
        """The loss of a batch, as parts that are summed."""

    @abstractmethod
    def tables(self, mask: Integer[Tensor, "b H W"], num_classes: int, group: int | None) -> Tables:
        """The loss of a batch, as tables for a kernel."""

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
    """Sum of pixel losses, with scores resized to the labels internally.

    The gradient is computed together with the value, and only the gradient is kept for the backward
    pass. There is no second derivative.

    Args:
        losses: Losses to sum.
        logits: Scores of any floating type; computed in float32 at least.
        mask: Labels.
        align_corners: Alignment of the resize: see :func:`segadapt.functional.resize.upsample`.
        group: Number of images per oracle group, for losses that average over groups; None for all.

    Raises:
        ValueError: If scores and labels have different batch sizes.
    """
    if len(logits) != len(mask):
        raise ValueError(f"there are scores for {len(logits)} images, but labels for {len(mask)}")
    classes = logits.shape[1]
    plans = [loss.plan(mask, classes, group) for loss in losses]
    with_gradient = logits.requires_grad and torch.is_grad_enabled()
    one_map = classes == 2 and logits.device.type == "cpu" and all(loss.relative for loss in losses)
    return _Fused.apply(logits, mask, one_map, plans, classes, align_corners, with_gradient)


class _Fused(torch.autograd.Function):
    """The sum of pixel losses, and its gradient; differentiable once.

    If only the difference of two classes matters, just the difference is resized, which halves the
    work.
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
