"""Class scores at full resolution, computed one strip of rows at a time.

At the original size of an image the scores of all classes are the largest tensor (210 MB for 150
classes on 683x512), and only their argmax is needed. A :class:`ScoreMap` describes such scores and
computes the requested rows; the functions below build one from another.
"""

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

STRIP: Final = 2**20
"""Scores in a strip on the CPU: 4 MB, which a processor's cache holds."""

Size = tuple[int, int]


class ScoreMap(NamedTuple):
    """Scores of ``shape`` (images, classes, rows, columns), computed on request.

    ``rows(start, stop)`` computes these rows.
    """

    shape: tuple[int, int, int, int]
    device: torch.device
    rows: Callable[[int, int], Float[Tensor, "b k _ W"]]
    probable: bool = False
    """Whether they are probabilities."""

    @property
    def size(self) -> Size:
        return self.shape[2:]


def stored(scores: Float[Tensor, "b k h w"]) -> ScoreMap:
    """A map of computed scores, in float32 and channels-last, which resizes three times as fast."""
    images, classes, height, width = scores.shape
    scores = scores.float().contiguous(memory_format=torch.channels_last)
    return ScoreMap(
        (images, classes, height, width),
        scores.device,
        lambda start, stop: scores[:, :, start:stop],
    )


def resized(scores: ScoreMap, size: Size) -> ScoreMap:
    """Bilinear resize with ``align_corners=False``: the arithmetic of ``F.interpolate`` by rows."""
    if scores.size == size:
        return scores
    height = scores.size[0]
    # In float32, as in F.interpolate, whatever torch's default type (bf16-true sets it).
    ratio = torch.tensor(height, dtype=torch.float32) / size[0]

    def rows(start: int, stop: int) -> Tensor:
        centers = torch.arange(start, stop).to(ratio.dtype) + 0.5
        position = (centers * ratio - 0.5).clamp_min(0)
        above = position.long().clamp_max(height - 1)
        below = (above + 1).clamp_max(height - 1)
        first = int(above[0])
        source = scores.rows(first, int(below[-1]) + 1).movedim(1, -1)
        above, below, weight = (
            value.to(scores.device, non_blocking=True)
            for value in (above - first, below - first, position.frac()[:, None, None])
        )
        between = torch.lerp(source[:, above], source[:, below], weight).movedim(-1, 1)
        return F.interpolate(between, size=(stop - start, size[1]), mode="bilinear")

    return scores._replace(shape=(*scores.shape[:2], *size), rows=rows)


def softmaxed(scores: ScoreMap) -> ScoreMap:
    """Probabilities of the classes."""

    def rows(start: int, stop: int) -> Tensor:
        return scores.rows(start, stop).softmax(1)

    return scores._replace(rows=rows, probable=True)


def averaged(maps: Sequence[ScoreMap]) -> ScoreMap:
    """The mean of maps of one shape."""

    def rows(start: int, stop: int) -> Tensor:
        total = maps[0].rows(start, stop).clone()
        for scores in maps[1:]:
            total += scores.rows(start, stop)
        return total / len(maps)

    return maps[0]._replace(rows=rows)


def mirrored(scores: ScoreMap) -> ScoreMap:
    """The scores of the mirror image, left and right exchanged."""
    return scores._replace(rows=lambda start, stop: scores.rows(start, stop).flip(3))


def gather_strips(scores: ScoreMap, keep: Callable[[Tensor], Tensor]) -> Tensor:
    """Apply ``keep`` to every strip, and concatenate the results.

    The result is allocated with the first strip and filled: small pieces allocated one by one would
    lie between the freed strips, and the heap would grow to the size of all scores.

    Args:
        scores: Scores to compute.
        keep: Function from the scores (b k r W) of r rows to any tensor (... r W).
    """
    images, classes, height, width = scores.shape
    budget = STRIP if scores.device.type == "cpu" else 32 * STRIP  # fewer launches
    step = max(1, budget // (images * classes * width))
    first = keep(scores.rows(0, min(step, height)))
    gathered = first.new_empty(*first.shape[:-2], height, first.shape[-1])
    gathered[..., :step, :] = first
    for top in range(step, height, step):
        gathered[..., top : top + step, :] = keep(scores.rows(top, min(top + step, height)))
    return gathered
