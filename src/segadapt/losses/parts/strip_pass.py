"""The single pass over full resolution that all pixel losses of a branch share.

At full resolution the scores of one branch are the largest tensors of a training step. Here they
exist for one strip of rows at a time, or for a few small images: upsampled, compared with the
labels, turned into the gradient in closed form, and resized back before the next strip. A loss
whose gradient at one pixel depends on sums over all pixels reads them once before: upsampling its
classes again costs less than resizing back the two gradients that would avoid the sums.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import torch
from jaxtyping import Float, Int, Integer
from torch import Tensor

from segadapt.losses.parts.images_loss import ImagesLoss, Plan
from segadapt.losses.parts.layout import Strip, columns
from segadapt.losses.parts.plane_resize import PlaneResizer
from segadapt.losses.parts.strip_resize import PixelResizer, Resizer, Size
from segadapt.losses.parts.workspace import workspace

FEW: Final = 64
"""Number of classes up to which a CPU computes on class planes. torch's softmax over the last
dimension takes 20 ns per score for 2 to 11 classes and 2 for 19, but 0.8 from about 100 on; over
planes it takes 0.9 for any number. ``python scripts/benchmark.py loss_speed`` measures both
layouts: their times cross between 59 and 100 classes."""

Classes = Int[Tensor, "p"] | None
"""Some classes, or all."""


def loss_of_batch(
    logits: Float[Tensor, "b k h w"],
    mask: Integer[Tensor, "b H W"],
    plans: Sequence[Plan],
    num_classes: int,
    align_corners: bool,
    with_gradient: bool,
) -> tuple[Float[Tensor, ""], Float[Tensor, "b k h w"] | None]:
    """The sum of the losses, and its gradient if requested, a few images at a time.

    Args:
        logits: Scores; for two classes, one map stands for their difference.
        mask: Labels.
        plans: The losses; with one map for two classes, all must accept differences.
        num_classes: Number of classes of the labels.
        align_corners: See :func:`segadapt.functional.resize.upsample`.
        with_gradient: Whether the gradient is requested.
    """
    (height, width), (rows, columns) = logits.shape[-2:], mask.shape[-2:]
    resizer = _resizer(logits, (height, width), (rows, columns), align_corners)
    passes = -(-len(logits) // resizer.images(logits.shape[1]))
    step = max(1, -(-len(logits) // max(passes, 1)))  # avoid a last part of few images
    total = torch.zeros((), dtype=resizer.workspace.dtype, device=logits.device)
    gradient = torch.empty_like(logits, dtype=resizer.workspace.dtype) if with_gradient else None
    for start in range(0, len(logits), step):
        some = slice(start, start + step)
        here = None if gradient is None else gradient[some]
        images = _Images(resizer, logits[some], mask[some], num_classes)
        total = total + images.loss([plan(some) for plan in plans], here)
    return total, gradient


def _resizer(logits: Tensor, grid: Size, size: Size, align_corners: bool) -> Resizer:
    """The resizer with the fastest layout for this number of classes on this device."""
    dtype = torch.promote_types(logits.dtype, torch.float32)
    planes = logits.device.type == "cpu" and logits.shape[1] <= FEW and _exact_products()
    kind = PlaneResizer if planes else PixelResizer
    return kind(grid, size, align_corners, workspace(dtype, logits.device))


def _exact_products() -> bool:
    """Whether matrix products on a CPU, by which planes are resized, are not rounded to bfloat16.

    ``torch.set_float32_matmul_precision("medium")`` changes this setting as well; reading that one
    is an error once a script has used the settings of ``torch.backends``.
    """
    products = torch.backends.mkldnn.matmul  # type: ignore[attr-defined] # the module is replaced
    return bool(products.fp32_precision != "bf16")


class _Images:
    """A few images.

    Args:
        resizer: Resizes scores from their grid to that of the labels.
        scores: Scores on the feature grid.
        mask: Labels.
        num_classes: Number of classes of the labels.
    """

    def __init__(
        self,
        resizer: Resizer,
        scores: Float[Tensor, "m k h w"],
        mask: Integer[Tensor, "m H W"],
        num_classes: int,
    ) -> None:
        self.resizer, self.scores, self.mask = resizer, scores, mask
        self.num_classes = num_classes
        images, classes, height = *scores.shape[:2], mask.shape[1]
        alone = resizer.height(images, classes) == height
        self.only = list(self._resized(None)) if alone else None  # a strip with all pixels is kept

    def loss(
        self, losses: Sequence[ImagesLoss], gradient: Float[Tensor, "m k h w"] | None
    ) -> Float[Tensor, ""]:
        """The sum of the losses; its gradient is written to ``gradient``, if given."""
        sums = [self._look(loss) for loss in losses]
        values = [loss.value(seen) for loss, seen in zip(losses, sums, strict=True)]
        for start, strip in self._strips(None):
            slopes = self._room("slopes", strip)
            values += self._slopes(losses, strip, sums, slopes, gradient is not None)
            if gradient is not None:
                self.resizer.put(start, slopes)
        if gradient is not None:
            self.resizer.back(gradient)
        return torch.stack(values).sum()

    def _look(self, loss: ImagesLoss) -> Float[Tensor, "m s"]:
        """Sums over all pixels, for a loss that needs them."""
        if not loss.looks:
            return self.mask.new_zeros(len(self.mask), 0, dtype=self.resizer.workspace.dtype)
        parts = [
            loss.look(strip, self._room("slopes", strip)) for _, strip in self._strips(loss.classes)
        ]
        return torch.stack(parts).sum(0)

    def _slopes(
        self,
        losses: Sequence[ImagesLoss],
        strip: Strip,
        sums: Sequence[Float[Tensor, "m _"]],
        out: Float[Tensor, "_ _ _ _"],
        with_gradient: bool,
    ) -> list[Float[Tensor, ""]]:
        """The losses of a strip; the sum of their gradients is written to ``out``."""
        values = []
        for number, (loss, seen) in enumerate(zip(losses, sums, strict=True)):
            part = strip.of(loss.classes)
            first = number == 0 and loss.classes is None
            slopes = out if first else self._room("more slopes", part)
            values.append(loss.slopes(part, seen, slopes, with_gradient))
            if with_gradient and not first:
                total = out.zero_() if number == 0 else out
                strip.layout.add(total, slopes, loss.classes)
        return values

    def _room(self, name: str, strip: Strip) -> Float[Tensor, "_ _ _ _"]:
        """Memory for as many numbers as a strip has scores, shared by all strips."""
        return self.resizer.workspace.room(name, *strip.scores.shape)

    def _strips(self, classes: Classes) -> Iterable[tuple[int, Strip]]:
        """Strips by their first row; can be iterated several times."""
        if self.only is None:
            return self._resized(classes)
        return [(start, strip.of(classes)) for start, strip in self.only]

    def _resized(self, classes: Classes) -> Iterator[tuple[int, Strip]]:
        layout = self.resizer.layout
        scores = self.scores if classes is None else self.scores.index_select(1, classes)
        numbers = None if classes is None else columns(classes, self.num_classes)
        for start, strip in self.resizer.strips(scores):
            rows = strip.shape[layout.rows]
            labels = layout.of_labels(self.mask[:, start : start + rows], strip.dtype)
            yield start, Strip(layout, strip, labels, self.num_classes, numbers)
