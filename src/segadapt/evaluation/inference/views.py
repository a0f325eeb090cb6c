"""Scores of an image at the size of the network input, whole or by windows."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Final, NamedTuple, Protocol, cast

from jaxtyping import Float, Num
from torch import Tensor

from segadapt.evaluation.inference.strips import ScoreMap, Size, resized, softmaxed, stored
from segadapt.evaluation.inference.windows import (
    BLENDS,
    Window,
    WindowRow,
    merge_windows,
    window_grid,
)
from segadapt.text.choices import check_choice

Scorer = Callable[[Num[Tensor, "b c H W"]], Float[Tensor, "_ k h w"]]
"""A function from images to scores on its own grid; branches look like additional images."""

CONTEXTS: Final = ("window", "global")
"""Contexts to which an adaptive classifier adapts when it sees windows."""


class Adaptable(Protocol):
    """A scorer whose classifier can adapt once to the whole image, for ``context=global``."""

    def within(self, image: Num[Tensor, "b c H W"]) -> Scorer:
        """A scorer of parts of this image, with the classifier adapted to the whole image."""


class Windows(NamedTuple):
    """Settings of inference by windows.

    Args:
        window: Rows and columns of a window, pixels of the network input.
        stride: Distance of two windows, pixels; two thirds of the window if not given.
        softmax: Whether to average probabilities, rather than scores as mmsegmentation does.
        blend: Weighting of overlapping windows: a key of ``BLENDS``.
        context: Context to which an adaptive classifier adapts: each ``window``, or once the
            ``global`` image.
    """

    window: Sequence[int]
    stride: Sequence[int] | None = None
    softmax: bool = False
    blend: str = "uniform"
    context: str = "window"


def score_whole(score: Scorer, image: Num[Tensor, "b c H W"]) -> ScoreMap:
    """Scores at the size of the network input."""
    return resized(stored(score(image)), size_of(image))


def score_windows(score: Scorer, image: Num[Tensor, "b c H W"], windows: Windows) -> ScoreMap:
    """Scores at the size of the network input, from windows.

    Raises:
        ValueError: If a setting is unknown, or windows would not cover all pixels.
    """
    window, stride, softmax, blend, context = windows
    stride = stride or [side * 2 // 3 for side in window]
    check_choice("inference.blend", blend, BLENDS)
    check_choice("inference.context", context, CONTEXTS)
    tops, lefts = window_grid(size_of(image), window, stride)
    if context == "global":
        score = cast(Adaptable, score).within(image)

    def scored(top: int) -> list[Window]:
        windows = []
        for left in lefts:
            crop = image[:, :, top : top + window[0], left : left + window[1]]
            scores = score_whole(score, crop)
            windows.append(Window(top, left, softmaxed(scores) if softmax else scores))
        return windows

    rows = [WindowRow(top, min(window[0], image.shape[2]), partial(scored, top)) for top in tops]
    return merge_windows(rows, size_of(image), BLENDS[blend])


def size_of(image: Num[Tensor, "b c H W"]) -> Size:
    """Rows and columns."""
    height, width = image.shape[-2:]
    return height, width
