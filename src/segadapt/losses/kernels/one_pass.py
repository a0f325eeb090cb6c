"""Pixel losses by Triton kernels: one pass over full resolution without storing its scores.

Loss and gradient are computed from the scores of the feature grid. Between forward and backward one
number per pixel is kept (log sum exp), in addition to the scores of the network. There are no
atomic additions, so all runs give the same bits.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from jaxtyping import Float, Integer
from torch import Tensor

from segadapt.losses.kernels import launch
from segadapt.losses.parts.fused import FusedLoss
from segadapt.losses.parts.tables import SigmoidPart, SigmoidSums

OfSums = Callable[[SigmoidSums], SigmoidPart]


@torch.compiler.disable  # losses stay out of compiled graphs
def kernel_loss(
    losses: Sequence[FusedLoss],
    logits: Float[Tensor, "b k h w"],
    mask: Integer[Tensor, "b H W"],
    align_corners: bool = False,
    group: int | None = None,
) -> Float[Tensor, ""]:
    """Compute :func:`segadapt.losses.parts.fused.fused_loss` by Triton kernels.

    Args:
        losses: Losses to sum.
        logits: Scores in float32, bfloat16 or float16; computed in float32.
        mask: Labels. The data workers have checked them; here an invalid label would count as
            ignored.
        align_corners: Alignment of the resize: see :func:`segadapt.functional.resize.upsample`.
        group: Number of images per oracle group, for losses that average over groups; None for all.

    Raises:
        ValueError: If the scores have another type, or scores and labels have different batch
            sizes.
    """
    if len(logits) != len(mask):
        raise ValueError(f"there are scores for {len(logits)} images, but labels for {len(mask)}")
    if logits.dtype not in launch.PRECISIONS:
        raise ValueError(
            f"the Triton kernel does not support scores in {logits.dtype}; use loss.kernel=strips"
        )
    tables = [loss.tables(mask, logits.shape[1], group) for loss in losses]
    weights = [table.weights for table in tables if table.weights is not None]
    of_sums = [table.of_sums for table in tables if table.of_sums is not None]
    weight = torch.stack(weights).sum(0).float() if weights else None
    loss: Tensor = _OnePass.apply(logits, mask, weight, of_sums, align_corners)
    return loss


class _OnePass(torch.autograd.Function):
    """The sum of pixel losses; differentiable once."""

    @staticmethod
    def forward(
        ctx: Any,
        logits: Tensor,
        mask: Tensor,
        weights: Tensor | None,
        of_sums: list[OfSums],
        align_corners: bool,
    ) -> Tensor:
        pixels = launch.pixels_of(logits.detach(), mask, align_corners)
        total = logits.new_zeros((), dtype=torch.float32)
        normalizers = slopes = None
        if weights is not None:
            value, normalizers = launch.cross_entropy(pixels, weights)
            total = total + value
        if of_sums:
            sums = SigmoidSums(*launch.sums_of_sigmoid(pixels))
            parts = [part(sums) for part in of_sums]
            total = total + torch.stack([part.value for part in parts]).sum()
            slopes = torch.stack([part.slopes for part in parts]).sum(0)
        ctx.save_for_backward(pixels.scores, pixels.labels, weights, normalizers, slopes)
        ctx.rows, ctx.columns = pixels.rows, pixels.columns
        return total

    @staticmethod
    def backward(ctx: Any, upstream: Tensor) -> tuple[Tensor, None, None, None, None]:
        if torch.is_grad_enabled():
            raise RuntimeError("pixel losses in one pass have no second derivative")
        scores, labels, weights, normalizers, slopes = ctx.saved_tensors
        pixels = launch.Pixels(scores, labels, ctx.rows, ctx.columns)
        gradient = launch.gradient(pixels, weights, normalizers, slopes, upstream)
        return gradient, None, None, None, None
