"""Pixel losses at full resolution whose memory does not grow with the batch.

At full resolution the scores of one branch are the largest tensors of a training step. Here they
exist for a strip of rows at a time, or for a few small images: upsampled, compared with the labels,
turned into the gradient in closed form and resized back before the next strip. All losses of a
branch share that one pass.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

import torch
from jaxtyping import Float, Int, Integer
from torch import Tensor, nn

from segadapt.functional.cosine import accurate
from segadapt.losses.resizing import Resizer, strip_rows, workspace


class ImagesLoss(ABC):
    """The loss of a few images: sums over pixels first, then a value and a gradient made of them.

    What the gradient needs of each pixel are its slopes. They are resized to the feature grid
    before the sums are complete, which is why they must not depend on them. Letters of its own:
    m images, n pixels of each, s sums, c slopes.

    Attributes:
        slopes: How many numbers c a pixel gives.
    """

    slopes: int

    @abstractmethod
    def sums(
        self,
        scores: Float[Tensor, "m n k"],
        labels: Int[Tensor, "m n"],
        slopes: Float[Tensor, "m n c"] | None,
    ) -> Float[Tensor, "m s"]:
        """What n pixels of each image add to its sums.

        Args:
            scores: Shared with other losses: not to be changed.
            labels: Of the same pixels.
            slopes: To be filled; None without gradient.
        """

    @abstractmethod
    def value(self, sums: Float[Tensor, "m s"]) -> Float[Tensor, ""]:
        """The loss, from the sums over all pixels."""

    @abstractmethod
    def add_gradient(
        self,
        gradient: Float[Tensor, "m k h w"],
        sums: Float[Tensor, "m s"],
        slopes: Float[Tensor, "m c h w"],
    ) -> None:
        """Add the gradient of the scores on the feature grid, from slopes resized to it."""


Plan = Callable[[slice], ImagesLoss]
"""A pixel loss of a batch: gives the loss of some of its images; over all of them they add up."""


class FusedLoss(nn.Module, ABC):
    """A pixel loss that can share the pass of :func:`fused_loss`.

    Alone it is called as ``loss(logits, mask)`` with scores of the labels' size, as torch's are.
    """

    @abstractmethod
    def plan(self, mask: Integer[Tensor, "b H W"], num_classes: int, group: int | None) -> Plan:
        """The loss of a batch, in parts that add up."""

    def forward(
        self, logits: Float[Tensor, "b k H W"], mask: Integer[Tensor, "b H W"]
    ) -> Float[Tensor, ""]:
        return fused_loss([self], logits, mask)


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
    plans = [loss.plan(mask, logits.shape[1], group) for loss in losses]
    with_gradient = logits.requires_grad and torch.is_grad_enabled()
    return _Fused.apply(logits, mask, plans, align_corners, with_gradient)


class _Fused(torch.autograd.Function):
    """The sum of pixel losses, and its gradient; differentiable once."""

    @staticmethod
    def forward(
        ctx: Any,
        logits: Tensor,
        mask: Tensor,
        plans: list[Plan],
        align_corners: bool,
        with_gradient: bool,
    ) -> Tensor:
        total = accurate(logits.new_zeros(()))
        gradient = torch.zeros_like(logits, dtype=total.dtype) if with_gradient else None
        (height, width), (rows, columns) = logits.shape[-2:], mask.shape[-2:]
        resizer = Resizer((height, width), (rows, columns), align_corners, workspace(total))
        step = strip_rows(logits.device, logits.shape[1] * rows * columns)
        for start in range(0, len(logits), step):
            some = slice(start, start + step)
            here = None if gradient is None else gradient[some]
            losses = [plan(some) for plan in plans]
            total += _loss_of_images(losses, logits[some], mask[some], resizer, here)
        if gradient is not None:
            ctx.save_for_backward(gradient)
        ctx.dtype = logits.dtype
        return total

    @staticmethod
    def backward(ctx: Any, upstream: Tensor) -> tuple[Tensor, None, None, None, None]:
        if torch.is_grad_enabled():
            raise RuntimeError("pixel losses in one pass have no second derivative")
        (gradient,) = ctx.saved_tensors
        return (gradient * upstream).to(ctx.dtype), None, None, None, None


def _loss_of_images(
    losses: Sequence[ImagesLoss],
    scores: Float[Tensor, "m k h w"],
    mask: Integer[Tensor, "m H W"],
    resizer: Resizer,
    gradient: Float[Tensor, "m k h w"] | None,
) -> Float[Tensor, ""]:
    """The losses of a few images; adds their gradient to ``gradient``, if there is one."""
    names = [f"slopes {number}" for number in range(len(losses))]
    images, _, width = mask.shape
    parts: list[list[Tensor]] = []
    for start, pixels in resizer.strips(scores):
        count = pixels.shape[1]
        labels = mask[:, start : start + count // width].reshape(images, count).long()
        parts.append([])
        for name, loss in zip(names, losses, strict=True):
            slopes = None
            if gradient is not None:
                slopes = resizer.pixels("slopes", images, count, loss.slopes)
            parts[-1].append(loss.sums(pixels, labels, slopes))
            if slopes is not None:
                resizer.put(resizer.tall(name, images, loss.slopes), start, slopes)
    sums = [torch.stack(of_loss).sum(0) for of_loss in zip(*parts, strict=True)]
    if gradient is not None:
        for name, loss, total in zip(names, losses, sums, strict=True):
            slopes = resizer.back(resizer.tall(name, images, loss.slopes))
            loss.add_gradient(gradient, total, slopes)
    return torch.stack([loss.value(total) for loss, total in zip(losses, sums, strict=True)]).sum()
