"""Prediction of a network for a photograph, and for one of its pixels."""

import math
from typing import Final, NamedTuple

import numpy as np
from jaxtyping import Float, UInt

from segadapt.deployment.inputs.images import Photograph
from segadapt.deployment.prediction.pixel_maps import Map, field_of, probabilities_at
from segadapt.deployment.prediction_files.work import Network

BUDGET: Final = 2**25
"""Largest size of the stored probabilities of one branch, in bytes. Those of all pixels of a
photograph of 16 million pixels and 150 classes would take 4.8 GB."""

TOP: Final = 5
"""Number of classes shown for a pixel in each branch."""

Pixel = tuple[int, int]
"""Row and column."""


class Grid(NamedTuple):
    """Regular grid of pixels of an image, as dense as the budget allows.

    Args:
        size: Rows and columns of the image.
        every: Distance of two pixels of the grid.
    """

    size: tuple[int, int]
    every: int = 1

    @property
    def rows(self) -> slice:
        return self._along(self.size[0])

    @property
    def columns(self) -> slice:
        return self._along(self.size[1])

    def nearest(self, pixel: Pixel) -> tuple[Pixel, Pixel]:
        """The pixel of the grid that is nearest to another, and its place in the grid.

        Args:
            pixel: Row and column in the image.

        Raises:
            ValueError: If it is outside.
        """
        if not all(0 <= place < side for place, side in zip(pixel, self.size, strict=True)):
            raise ValueError(
                f"pixel {pixel} is outside of the image of {self.size[0]} x {self.size[1]} pixels"
            )
        row, i = _closest(pixel[0], self.size[0], self.every)
        column, j = _closest(pixel[1], self.size[1], self.every)
        return (row, column), (i, j)

    def _along(self, side: int) -> slice:
        return slice(_begin(side, self.every), None, self.every)


class PixelScores(NamedTuple):
    """Probabilities of all classes, for the pixels that can be clicked.

    Args:
        grid: Pixels with probabilities.
        after: Probabilities of the student, for the pixels of the grid.
        before: Those of the coarse branch; None where the classifier does not adapt.
    """

    grid: Grid
    after: Float[np.ndarray, "k r c"]
    before: Float[np.ndarray, "k r c"] | None


class Reading(NamedTuple):
    """Prediction of one network for a photograph.

    Args:
        labels: The class of each pixel.
        confidence: The probability of that class.
        coarse: The classes before adaptation; None where the classifier does not adapt.
        scores: Probabilities of all classes; only they are needed once the maps are shown.
    """

    labels: UInt[np.ndarray, "H W"]
    confidence: Float[np.ndarray, "H W"]
    coarse: UInt[np.ndarray, "H W"] | None
    scores: PixelScores


class ClassScore(NamedTuple):
    """A class of a pixel with its probabilities.

    Args:
        number: Index of the class.
        after: Its probability after adaptation.
        before: Its probability before; None where the classifier does not adapt.
    """

    number: int
    after: float
    before: float | None


def read(network: Network, photograph: Photograph) -> Reading:
    """Pass a photograph through a network, once.

    Args:
        network: With its way of inference.
        photograph: Photograph of any size.
    """
    height, width = photograph.pixels.shape[:2]
    num_classes = len(network.model.classes)
    grid = Grid((height, width), spacing((height, width), num_classes))
    fields = {
        **{name: field_of(name, num_classes) for name in ("labels", "confidence")},
        "scores": probabilities_at(grid.columns),
    }
    branches = ("student", "coarse")
    (maps,) = network.predictor.read([photograph], [None], fields, branches)
    student, coarse = maps["student"], maps.get("coarse")
    return Reading(
        student["labels"],
        student["confidence"],
        None if coarse is None else coarse["labels"],
        PixelScores(
            grid,
            _kept(student["scores"], grid),
            None if coarse is None else _kept(coarse["scores"], grid),
        ),
    )


def spacing(size: tuple[int, int], classes: int) -> int:
    """The distance of the pixels of a grid whose probabilities fit into the budget.

    Args:
        size: Rows and columns of the image.
        classes: Number of classes.
    """
    every = max(1, math.isqrt(2 * classes * size[0] * size[1] // BUDGET))
    while 2 * classes * math.prod(-(-side // every) for side in size) > BUDGET:
        every += 1
    return every


def top_classes(scores: PixelScores, pixel: Pixel, number: int = TOP) -> list[ClassScore]:
    """The best classes of a pixel of the grid, before and after adaptation; the best after first.

    Args:
        scores: Probabilities of the photograph.
        pixel: Its place in the grid.
        number: Classes of each branch.
    """
    after = scores.after[:, *pixel].astype(float)
    before = None if scores.before is None else scores.before[:, *pixel].astype(float)
    order = np.argsort(-after, kind="stable")
    best = set(order[:number].tolist())
    if before is not None:
        best |= set(np.argsort(-before, kind="stable")[:number].tolist())
    return [
        ClassScore(k, float(after[k]), None if before is None else float(before[k]))
        for k in order.tolist()
        if k in best
    ]


def _kept(scores: Map, grid: Grid) -> Float[np.ndarray, "k r c"]:
    """The rows of the grid, without the memory of the others."""
    return np.ascontiguousarray(scores[:, grid.rows])


def _begin(side: int, every: int) -> int:
    return min(every // 2, side - 1)


def _closest(place: int, side: int, every: int) -> tuple[int, int]:
    """The nearest row or column of a grid, and its number."""
    begin = _begin(side, every)
    number = min(max(round((place - begin) / every), 0), (side - 1 - begin) // every)
    return begin + number * every, number
