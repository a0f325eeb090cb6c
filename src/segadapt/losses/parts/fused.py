"""Pixel losses at full resolution whose memory does not grow with the batch.

At full resolution the scores of one branch are the largest tensors of a training step. Here they
exist for a strip of rows at a time, or for a few small images: upsampled, compared with the labels,
turned into the gradient in closed form and resized back before the next strip. All losses of a
branch share that one pass. A loss whose gradient at one pixel depends on sums over all of them
looks at the pixels once before: upsampling its classes again costs less than resizing back the two
gradients that would do without the sums.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import torch
from jaxtyping import Float, Int, Integer
from torch import Tensor, nn

from segadapt.functional.cosine import accurate
from segadapt.losses.parts.strip_resize import Resizer, Strip, strip_rows, workspace
from segadapt.losses.parts.tables import Tables


class ImagesLoss(ABC):
    """The loss of a few images.

    Letters of its own: m images, n pixels of each, s sums.

    Attributes:
        looks: Whether the gradient of a pixel depends on sums over all pixels.
        classes: Those p whose scores the sums need; None for all.
    """

    looks: bool = False
    classes: Int[Tensor, "p"] | None = None

    def look(
        self,
        scores: Float[Tensor, "m n p"],
        labels: Int[Tensor, "m n"],
        room: Float[Tensor, "m n p"],
    ) -> Float[Tensor, "m s"]:
        """What n pixels of each image add to the sums.

        Args:
            scores: Shared with other losses: not to be changed.
            labels: Of the same pixels.
            room: To compute in.
        """
        return scores.new_zeros(len(scores), 0)

    def value(self, sums: Float[Tensor, "m s"]) -> Float[Tensor, ""]:
        """The part of the loss that is an expression of the sums over all pixels."""
        return sums.sum()

    @abstractmethod
    def slopes(
        self,
        scores: Float[Tensor, "m n k"],
        labels: Int[Tensor, "m n"],
        sums: Float[Tensor, "m s"],
        out: Float[Tensor, "m n k"] | None,
    ) -> Float[Tensor, ""]:
        """The part of the loss that is a sum over pixels: of n pixels, and its gradient there.

        Args:
            scores: Shared with other losses: not to be changed.
            labels: Of the same pixels.
            sums: Over all pixels.
            out: Gets the gradient of the whole loss, if it is wanted.
        """


Strips = Callable[[Int[Tensor, "p"] | None], Iterable[Strip]]
"""The strips of a few images, of these classes' scores or of all."""

Plan = Callable[[slice], ImagesLoss]
"""A pixel loss of a batch: gives the loss of some of its images; over all of them they add up."""


class FusedLoss(nn.Module, ABC):
    """A pixel loss that can share the pass of :func:`fused_loss`.

    Alone it is called as ``loss(logits, mask)`` with scores of the labels' size, as torch's are.
    """

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
        gradient = torch.empty_like(logits, dtype=total.dtype) if with_gradient else None
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
    """The losses of a few images; puts their gradient into ``gradient``, if there is one."""
    strips = _strips(resizer, scores)
    sums = [_look(loss, strips, mask, resizer) for loss in losses]
    total = torch.stack([loss.value(seen) for loss, seen in zip(losses, sums, strict=True)]).sum()
    for start, pixels in strips(None):
        labels = _labels(mask, start, pixels)
        slopes = None if gradient is None else resizer.like("slopes", pixels)
        total = total + losses[0].slopes(pixels, labels, sums[0], slopes)
        for loss, seen in zip(losses[1:], sums[1:], strict=True):
            more = None if gradient is None else resizer.like("more slopes", pixels)
            total = total + loss.slopes(pixels, labels, seen, more)
            if slopes is not None and more is not None:
                slopes.add_(more)
        if slopes is not None:
            resizer.put(start, slopes)
    if gradient is not None:
        resizer.back(gradient)
    return total


def _strips(resizer: Resizer, scores: Float[Tensor, "m k h w"]) -> Strips:
    """Strips of some classes or all, as often as asked for; a strip that holds all is kept."""
    alone = list(resizer.strips(scores)) if resizer.in_one_strip(scores) else None

    def strips(classes: Int[Tensor, "p"] | None) -> Iterable[Strip]:
        if alone is None:
            return resizer.strips(_chosen(scores, classes, 1))
        return [(start, _chosen(pixels, classes, 2)) for start, pixels in alone]

    return strips


def _chosen(scores: Tensor, classes: Int[Tensor, "p"] | None, dim: int) -> Tensor:
    return scores if classes is None else scores.index_select(dim, classes)


def _look(
    loss: ImagesLoss, strips: Strips, mask: Integer[Tensor, "m H W"], resizer: Resizer
) -> Float[Tensor, "m s"]:
    """Sums over all pixels, for a loss that needs them."""
    if not loss.looks:
        return torch.zeros(len(mask), 0, dtype=torch.float32, device=mask.device)
    parts = [
        loss.look(pixels, _labels(mask, start, pixels), resizer.like("slopes", pixels))
        for start, pixels in strips(loss.classes)
    ]
    return torch.stack(parts).sum(0)


def _labels(
    mask: Integer[Tensor, "m H W"], start: int, pixels: Float[Tensor, "m n k"]
) -> Int[Tensor, "m n"]:
    """The labels of a strip of pixels that begins with this row."""
    images, count = pixels.shape[:2]
    rows = count // mask.shape[2]
    return mask[:, start : start + rows].reshape(images, count).long()
