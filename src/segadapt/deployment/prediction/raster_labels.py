"""The labels of a raster that is read by windows, a block of pixels at a time."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Final, NamedTuple

import torch
from jaxtyping import Bool, Int
from numpy import ndarray
from torch import Tensor

from segadapt.data.files.boxes import Box, Size
from segadapt.data.files.image_format import ImageFormat
from segadapt.data.files.raster_windows import Raster
from segadapt.deployment.prediction.predictor import Predictor
from segadapt.evaluation.inference.methods import Inference
from segadapt.evaluation.inference.settings import (
    resamples,
    settings_of,
    shares_context,
    short_name,
)
from segadapt.evaluation.inference.strips import (
    ScoreMap,
    gather_strips,
    resized,
    softmaxed,
    stored,
)
from segadapt.evaluation.inference.windows import (
    Window,
    WindowRow,
    gaussian,
    merge_windows,
    window_grid,
)

BUDGET: Final = 256 * 2**20
"""Largest size of the scores of windows kept until those below are computed, in bytes."""

TILE: Final = 512
"""Rows of a block, and divisor of its columns: the side of a tile in the written file."""


class Sight(NamedTuple):
    """Settings of the windows by which a raster is read.

    Attributes:
        window: Height and width of what the network sees at once, pixels.
        stride: Distance of two windows.
        softmax: Whether probabilities are averaged where windows overlap, rather than scores.
    """

    window: Size
    stride: Size
    softmax: bool = False


class Block(NamedTuple):
    """A part of the labels.

    Attributes:
        box: Its place in the raster.
        labels: Its classes; None where nothing in it has data.
        valid: Mask of the pixels with data; None: all.
    """

    box: Box
    labels: Int[Tensor, "h w"] | None
    valid: Bool[ndarray, "h w"] | None


def sight_of(inference: Inference, side: int) -> Sight:
    """The windows of an inference for a raster: its own, or squares of a given side.

    Raises:
        ValueError: If the way needs the whole image at once, or at several sizes.
    """
    if resamples(inference) or shares_context(inference):
        raise ValueError(
            f"inference={short_name(inference)} needs an image as a whole, and rasters are read by "
            "windows; take inference=whole, or inference=slide inference.context=window"
        )
    settings = settings_of(inference)
    rows, columns = settings.get("window") or (side, side)
    down, right = settings.get("stride") or (rows * 2 // 3, columns * 2 // 3)
    return Sight((rows, columns), (down, right), bool(settings.get("softmax")))


class RasterLabels:
    """Classes of all pixels, from windows that overlap and count less near their edges.

    The weights are :func:`gaussian`. Windows lie on one grid, that of inference by windows. The
    raster is worked on in columns of blocks, from top to bottom, so that the memory does not grow
    with it; windows that reach over the edge of a column are seen twice.

    Args:
        predictor: A network.
        raster: The image.
        form: Channels and depth that the network was trained on.
        sight: Windows by which the raster is read.
    """

    def __init__(
        self, predictor: Predictor, raster: Raster, form: ImageFormat, sight: Sight
    ) -> None:
        self.predictor, self.raster, self.form, self.sight = predictor, raster, form, sight
        self.tops, self.lefts = window_grid(raster.size, sight.window, sight.stride)
        height, width = raster.size
        self.window = (min(sight.window[0], height), min(sight.window[1], width))
        self.columns = self._columns()

    def __len__(self) -> int:
        """Number of blocks."""
        return len(self.columns) * -(-self.raster.size[0] // TILE)

    def __iter__(self) -> Iterator[Block]:
        for start, stop in self.columns:
            yield from self._column(start, stop)

    def _columns(self) -> list[tuple[int, int]]:
        """Start and stop of the columns of blocks, as wide as the budget allows."""
        width = self.raster.size[1]
        if width <= TILE:
            return [(0, width)]
        trial = self.raster.read(Box(0, 0, *self.window)).pixels(self.form, self.raster.file)
        room = self.predictor.scores(trial, str(self.raster.file)).numel() * 4
        layers = -(-self.window[0] // self.sight.stride[0])
        fit = max(BUDGET // (room * layers), 1) * self.sight.stride[1]
        step = max(fit // TILE, 1) * TILE
        return [(start, min(start + step, width)) for start in range(0, width, step)]

    def _column(self, start: int, stop: int) -> Iterator[Block]:
        lefts = [left for left in self.lefts if left < stop and left + self.window[1] > start]
        first, last = lefts[0], lefts[-1] + self.window[1]
        rows = [
            WindowRow(top, self.window[0], partial(self._scored, top, lefts, first))
            for top in self.tops
        ]
        height = self.raster.size[0]
        scores = merge_windows(rows, (height, last - first), gaussian)
        for top in range(0, height, TILE):
            box = Box(top, start, min(TILE, height - top), stop - start)
            valid = self.raster.read(box).valid
            if valid is not None and not valid.any():
                yield Block(box, None, valid)
                continue
            labels = gather_strips(_part(scores, box), lambda strip: strip.argmax(1))[0]
            yield Block(box, labels[:, start - first : stop - first], valid)

    def _scored(self, top: int, lefts: Sequence[int], first: int) -> list[Window]:
        """A row of windows; without data, all classes have equal scores."""
        windows = []
        for left in lefts:
            read = self.raster.read(Box(top, left, *self.window))
            if read.valid is not None and not read.valid.any():
                scores = self._nothing()
            else:
                pixels = read.pixels(self.form, self.raster.file)
                scores = resized(
                    stored(self.predictor.scores(pixels, str(self.raster.file))), self.window
                )
                scores = softmaxed(scores) if self.sight.softmax else scores
            windows.append(Window(top, left - first, scores))
        return windows

    def _nothing(self) -> ScoreMap:
        shape, device = (1, self.predictor.classes, *self.window), self.predictor.device

        def rows(start: int, stop: int) -> Tensor:
            return torch.zeros(*shape[:2], stop - start, shape[3], device=device)

        return ScoreMap(shape, device, rows, self.sight.softmax)


def _part(scores: ScoreMap, box: Box) -> ScoreMap:
    """Some rows."""
    shape = (*scores.shape[:2], box.height, scores.shape[3])
    return scores._replace(
        shape=shape, rows=lambda start, stop: scores.rows(box.top + start, box.top + stop)
    )
