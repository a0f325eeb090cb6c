"""From an image to class scores at its original size: whole, by windows, at several scales.

Every way has the signature of :class:`Inference`. With ``keep`` it returns less than the scores:
what ``keep`` makes of each strip of rows, so that the scores of all pixels never exist at once.
"""

from collections.abc import Callable, Sequence
from typing import Protocol, runtime_checkable

import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

from segadapt.functional.strips import (
    ScoreMap,
    Size,
    Window,
    averaged,
    collect,
    pasted,
    resized,
    softmaxed,
    stored,
)

Scorer = Callable[[Float[Tensor, "b 3 H W"]], Float[Tensor, "_ k h w"]]
"""Image to scores on a grid of its own: a network. Several branches look like more images."""

Keep = Callable[[Float[Tensor, "_ k r W"]], Tensor]
"""What to keep of the scores of some rows (``r`` of them)."""


@runtime_checkable
class Inference(Protocol):
    """A way to score the pixels of an image."""

    def __call__(
        self, score: Scorer, image: Float[Tensor, "b 3 H W"], size: Size, *, keep: Keep = ...
    ) -> Tensor:
        """Score an image.

        Args:
            score: Network.
            image: Network input.
            size: Rows and columns of the result: those of the label as it is on disk.
            keep: What to keep of each strip of rows; the scores, unless told otherwise.
        """


def everything(scores: Float[Tensor, "b k r W"]) -> Float[Tensor, "b k r W"]:
    """All scores."""
    return scores


def best(scores: Float[Tensor, "b k r W"]) -> Int[Tensor, "b r W"]:
    """The class with the highest score; the first of equals."""
    return scores.argmax(1)


def labels(
    inference: Inference, score: Scorer, image: Float[Tensor, "b 3 H W"], size: Size
) -> Int[Tensor, "_ H0 W0"]:
    """The predicted class of every pixel, at the original size."""
    return inference(score, image, size, keep=best)


def sees_whole(inference: Inference) -> bool:
    """Whether the network sees the image once and whole, so that labels fit what it sees."""
    return getattr(inference, "func", inference) is whole  # a function, or a partial of it


def whole(
    score: Scorer, image: Float[Tensor, "b 3 H W"], size: Size, *, keep: Keep = everything
) -> Tensor:
    """One pass over the image; scores resized to its size and from there to the original's."""
    return collect(resized(_scan(score, image), size), keep)


def slide(
    score: Scorer,
    image: Float[Tensor, "b 3 H W"],
    size: Size,
    *,
    window: Sequence[int],
    stride: Sequence[int] | None = None,
    softmax: bool = False,
    keep: Keep = everything,
) -> Tensor:
    """One pass over each of many overlapping windows, averaged where they overlap.

    A classifier that adapts to its image adapts to each window here. The grid is mmsegmentation's.

    Args:
        score: Network.
        image: Network input.
        size: Rows and columns of the result.
        window: Rows and columns of a window, pixels of the network input.
        stride: Distance of two windows, pixels; two thirds of the window if not given.
        softmax: Whether to average probabilities, rather than scores as mmsegmentation does.
        keep: What to keep of each strip of rows.
    """
    stride = stride or [side * 2 // 3 for side in window]
    parts = []
    for top, left in window_grid(_size(image), window, stride):
        crop = image[:, :, top : top + window[0], left : left + window[1]]
        scores = _scan(score, crop)
        parts.append(Window(top, left, softmaxed(scores) if softmax else scores))
    return collect(resized(pasted(parts, _size(image)), size), keep)


def multiscale(
    score: Scorer,
    image: Float[Tensor, "b 3 H W"],
    size: Size,
    *,
    scales: Sequence[float],
    flip: bool,
    keep: Keep = everything,
) -> Tensor:
    """Probabilities at the original size, averaged over resized and mirrored copies of the image.

    Args:
        score: Network.
        image: Network input.
        size: Rows and columns of the result.
        scales: Factors on the input's sides.
        flip: Whether each scale is also seen mirrored.
        keep: What to keep of each strip of rows.

    Note:
        mmsegmentation resizes the original 8-bit image once for each scale; here the network input,
        which has been resized once already, is resized again.
    """
    views = []
    for scale in scales:
        copy = _scaled(image, scale)
        views.append(softmaxed(resized(_scan(score, copy), size)))
        if flip:
            views.append(softmaxed(resized(_scan(_mirrored(score), copy), size)))
    return collect(averaged(views), keep)


def window_grid(
    size: Sequence[int], window: Sequence[int], stride: Sequence[int]
) -> list[tuple[int, int]]:
    """Top left corners of the windows that cover an image.

    The last window of a row or a column is moved back inside; an image smaller than the window has
    one window, of its own size.

    Raises:
        ValueError: If the windows would leave pixels out.
    """
    if any(not 0 < step <= side for step, side in zip(stride, window, strict=True)):
        raise ValueError(
            f"stride {list(stride)} must be positive and at most the window {list(window)}: "
            "pixels between two windows would have no score"
        )
    tops, lefts = (
        [
            min(start, max(length - side, 0))
            for start in range(0, max(length - side, 0) + step, step)
        ]
        for length, side, step in zip(size, window, stride, strict=True)
    )
    return [(top, left) for top in tops for left in lefts]


def _mirrored(score: Scorer) -> Scorer:
    """Scores of the mirror image, mirrored back."""
    return lambda image: score(image.flip(3)).flip(3)


def _scan(score: Scorer, image: Float[Tensor, "b 3 H W"]) -> ScoreMap:
    """Scores at the size of the network input."""
    return resized(stored(score(image)), _size(image))


def _scaled(image: Float[Tensor, "b 3 H W"], scale: float) -> Float[Tensor, "b 3 _ _"]:
    if scale == 1:
        return image
    height, width = (int(side * scale + 0.5) for side in _size(image))  # mmcv's rounding
    return F.interpolate(image, size=(height, width), mode="bilinear")


def _size(image: Float[Tensor, "b 3 H W"]) -> Size:
    height, width = image.shape[-2:]
    return height, width
