"""Class scores of overlapping windows, merged one strip of rows at a time."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from segadapt.evaluation.inference.strips import ScoreMap, Size

Weights = Callable[[Size, torch.device], Float[Tensor, "h w"]]
"""A function from the size of a window to the weights of its pixels."""


class Window(NamedTuple):
    """Scores of a part of an image."""

    top: int
    left: int
    scores: ScoreMap


class WindowRow(NamedTuple):
    """A row of windows, scored on request."""

    top: int
    height: int
    score: Callable[[], list[Window]]


def uniform(size: Size, device: torch.device) -> Float[Tensor, "h w"]:
    """Equal weights for all pixels, as in mmsegmentation."""
    return torch.ones(size, dtype=torch.float32, device=device)


def gaussian(size: Size, device: torch.device) -> Float[Tensor, "h w"]:
    """Gaussian weights with a deviation of an eighth of the side, as in nnU-Net."""
    sides = []
    for side in size:
        offset = torch.arange(side, dtype=torch.float32, device=device) - (side - 1) / 2
        sides.append((-0.5 * (offset / (side / 8)) ** 2).exp())
    return torch.outer(*sides)


BLENDS: Final[Mapping[str, Weights]] = {"uniform": uniform, "gaussian": gaussian}
"""Weightings of overlapping windows."""


def merge_windows(rows: Sequence[WindowRow], size: Size, weights: Weights = uniform) -> ScoreMap:
    """Merge windows; where they overlap, take their weighted mean.

    Strips are computed from top to bottom, so only the rows of windows that a strip touches are
    kept: for 171 classes on 2560 x 2560 pixels about 160 MB instead of 550.

    Args:
        rows: Windows that together cover the image, from top to bottom.
        size: Rows and columns of the image.
        weights: Weights of the pixels of a window.
    """
    kept: dict[int, list[Window]] = {0: rows[0].score()}
    sample = kept[0][0].scores
    images, classes = sample.shape[:2]
    device = sample.device
    mine: dict[Size, Tensor] = {}

    def weigh(size: Size) -> Tensor:
        if size not in mine:
            mine[size] = weights(size, device)
        return mine[size]

    def touched(start: int, stop: int) -> list[Window]:
        needed = [
            index
            for index, row in enumerate(rows)
            if row.top < stop and start < row.top + row.height
        ]
        for index in kept.keys() - set(needed):
            del kept[index]
        for index in needed:
            if index not in kept:
                kept[index] = rows[index].score()
        return [window for index in needed for window in kept[index]]

    def strip(start: int, stop: int) -> Tensor:
        shape, single = (stop - start, size[1]), torch.float32
        total = torch.zeros(images, *shape, classes, dtype=single, device=device).movedim(-1, 1)
        weight = torch.zeros(shape, dtype=single, device=device)
        for top, left, scores in touched(start, stop):
            first, last = max(start, top), min(stop, top + scores.size[0])
            share = weigh(scores.size)[first - top : last - top]
            place = (..., slice(first - start, last - start), slice(left, left + scores.size[1]))
            total[place] += share * scores.rows(first - top, last - top)
            weight[place] += share
        return total / weight

    return ScoreMap((images, classes, *size), device, strip, sample.probable)


def window_grid(
    size: Sequence[int], window: Sequence[int], stride: Sequence[int]
) -> tuple[list[int], list[int]]:
    """Upper and left edges of the windows that cover an image: the grid of mmsegmentation.

    The last window of a row or a column is moved back inside; an image smaller than the window has
    one window of its own size.

    Raises:
        ValueError: If the windows would not cover all pixels.
    """
    if any(not 0 < step <= side for step, side in zip(stride, window, strict=True)):
        raise ValueError(
            f"stride {list(stride)} must be positive and at most the window {list(window)}: "
            "pixels between two windows would have no score"
        )
    tops, lefts = (
        [min(step * index, max(length - side, 0)) for index in range(_number(length, side, step))]
        for length, side, step in zip(size, window, stride, strict=True)
    )
    return tops, lefts


def _number(length: int, side: int, step: int) -> int:
    return math.ceil(max(length - side, 0) / step) + 1
