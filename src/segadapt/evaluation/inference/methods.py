"""Class scores of an image at its original size: whole, by windows, or at several scales.

Every function has the signature of :class:`Inference`. With ``keep`` it returns the result of
``keep`` for each strip of rows instead of the scores, so that the scores of all pixels never exist
at once.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol, runtime_checkable

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int, Num
from torch import Tensor

from segadapt.evaluation.inference.strips import (
    ScoreMap,
    Size,
    averaged,
    gather_strips,
    mirrored,
    resized,
    softmaxed,
)
from segadapt.evaluation.inference.views import Scorer, Windows, score_whole, score_windows, size_of

Keep = Callable[[Float[Tensor, "_ k r W"], bool], Tensor]
"""A function of the scores of ``r`` rows, and of whether they are probabilities."""


@runtime_checkable
class Inference(Protocol):
    """Interface of functions that score the pixels of an image."""

    def __call__(
        self, score: Scorer, image: Num[Tensor, "b c H W"], size: Size, *, keep: Keep = ...
    ) -> Tensor:
        """Score an image.

        Args:
            score: Network.
            image: Network input.
            size: Rows and columns of the result: those of the label on disk.
            keep: Function of each strip of rows; by default, the scores are kept.
        """


def all_scores(scores: Float[Tensor, "b k r W"], probable: bool) -> Float[Tensor, "b k r W"]:
    """All scores."""
    return scores


def labels(scores: Float[Tensor, "b k r W"], probable: bool) -> Int[Tensor, "b r W"]:
    """The class with the highest score; the first one on ties."""
    return scores.argmax(1)


def labels_and_confidence(
    scores: Float[Tensor, "b k r W"], probable: bool
) -> Float[Tensor, "b 2 r W"]:
    """The class with the highest score, and its probability.

    Both are in one tensor, because a class number is exact in single precision. The class is that
    of :func:`labels`, even if rounded probabilities are equal.
    """
    top, label = scores.max(1)
    if not probable:
        top = (scores - top[:, None]).exp_().sum(1).reciprocal_()
    return torch.stack([label.to(top.dtype), top], 1)


def whole(
    score: Scorer, image: Num[Tensor, "b c H W"], size: Size, *, keep: Keep = all_scores
) -> Tensor:
    """Score the whole image in one pass; resize to its size, and then to the original size."""
    return _kept(resized(score_whole(score, image), size), keep)


def slide(
    score: Scorer,
    image: Num[Tensor, "b c H W"],
    size: Size,
    *,
    window: Sequence[int],
    stride: Sequence[int] | None = None,
    softmax: bool = False,
    blend: str = "uniform",
    context: str = "window",
    keep: Keep = all_scores,
) -> Tensor:
    """Score overlapping windows in one pass each, and average them where they overlap.

    Args:
        score: Network; with ``context="global"`` it must be :class:`Adaptable`.
        image: Network input.
        size: Rows and columns of the result.
        window: See :class:`Windows`, also for the next four.
        stride: Distance of two windows.
        softmax: Whether to average probabilities.
        blend: Weights where windows overlap.
        context: The window or image to which the classifier adapts.
        keep: Function of each strip of rows.
    """
    windows = Windows(window, stride, softmax, blend, context)
    return _kept(resized(score_windows(score, image, windows), size), keep)


def multiscale(
    score: Scorer,
    image: Num[Tensor, "b c H W"],
    size: Size,
    *,
    scales: Sequence[float],
    flip: bool,
    window: Sequence[int] | None = None,
    stride: Sequence[int] | None = None,
    softmax: bool = False,
    blend: str = "uniform",
    context: str = "window",
    keep: Keep = all_scores,
) -> Tensor:
    """Average probabilities at the original size over resized and mirrored copies of the image.

    Args:
        score: Network.
        image: Network input.
        size: Rows and columns of the result.
        scales: Factors on the sides of the input.
        flip: Whether each scale is also scored mirrored.
        window: See :class:`Windows`, also for the next four; None to score each copy whole.
        stride: Distance of two windows.
        softmax: Whether to average probabilities of windows.
        blend: Weights where windows overlap.
        context: The window or copy of the image to which the classifier adapts.
        keep: Function of each strip of rows.

    Note:
        mmsegmentation resizes the original 8-bit image once for each scale; here the network input,
        which has been resized once already, is resized again.
    """
    seen: Callable[[Scorer, Tensor], ScoreMap] = score_whole
    if window is not None:
        seen = partial(score_windows, windows=Windows(window, stride, softmax, blend, context))
    views = []
    for scale in scales:
        copy = _scaled(image, scale)
        views.append(_probable(resized(seen(score, copy), size)))
        if flip:
            views.append(_probable(resized(mirrored(seen(score, copy.flip(3))), size)))
    return _kept(averaged(views), keep)


def _probable(scores: ScoreMap) -> ScoreMap:
    return scores if scores.probable else softmaxed(scores)


def _kept(scores: ScoreMap, keep: Keep) -> Tensor:
    return gather_strips(scores, lambda strip: keep(strip, scores.probable))


def _scaled(image: Num[Tensor, "b c H W"], scale: float) -> Float[Tensor, "b c _ _"]:
    if scale == 1:
        return image
    # mmcv's rounding, which could leave no row of a thin strip.
    height, width = (max(int(side * scale + 0.5), 1) for side in size_of(image))
    return F.interpolate(image, size=(height, width), mode="bilinear")
