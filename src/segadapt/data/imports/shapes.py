"""Shapes of annotations as pixels.

The pixel in row i and column j is the square from (j, i) to (j + 1, i + 1), x before y. It belongs
to a shape if its centre lies inside. A centre on the border belongs to the shape on its right, or
below it, so that shapes that share an edge share no pixel and leave none out.
"""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from segadapt.data.prepare.run_lengths import filled, lengths

FARTHEST: Final = 1_000_000
"""Pixels from the corner of an image within which coordinates make sense."""

MOST_CROSSINGS: Final = 20_000_000
"""Largest number of crossings of a polygon's edges with rows; more would take minutes."""

Size = tuple[int, int]


class Patch(NamedTuple):
    """The pixels of a shape within a part of the image."""

    top: int
    left: int
    mask: Bool[np.ndarray, "_ _"]


class Shape(ABC):
    """Area that an annotation covers."""

    @abstractmethod
    def patch(self, size: Size) -> Patch:
        """Its pixels in an image of this height and width.

        Raises:
            ValueError: If it cannot be drawn in such an image.
        """


@dataclass(frozen=True)
class Polygons(Shape):
    """Rings of (x, y) by the even-odd rule each; a pixel of any belongs to the shape."""

    rings: tuple[Float[np.ndarray, "_ 2"], ...]

    def patch(self, size: Size) -> Patch:
        points = np.concatenate(self.rings)
        left, top = (int(low) for low in np.floor(points.min(0)).clip(0, size[::-1]))
        right, bottom = (int(high) for high in np.ceil(points.max(0)).clip(0, size[::-1]))
        mask = np.zeros((max(bottom - top, 0), max(right - left, 0)), dtype=bool)
        if mask.size:
            for ring in self.rings:
                mask |= _inside(ring - (left, top), mask.shape[0], mask.shape[1])
        return Patch(top, left, mask)


@dataclass(frozen=True)
class Ellipse(Shape):
    """An ellipse around (x, y) with two radii, turned clockwise by an angle in degrees."""

    center: tuple[float, float]
    radii: tuple[float, float]
    angle: float = 0.0

    def patch(self, size: Size) -> Patch:
        reach = math.ceil(max(self.radii)) + 1
        left, top = (
            min(max(math.floor(c) - reach, 0), side)
            for c, side in zip(self.center, size[::-1], strict=True)
        )
        right, bottom = (
            min(max(math.ceil(c) + reach, 0), side)
            for c, side in zip(self.center, size[::-1], strict=True)
        )
        rows, columns = np.mgrid[top:bottom, left:right]
        x, y = columns + 0.5 - self.center[0], rows + 0.5 - self.center[1]
        turn = math.radians(self.angle)
        along = (x * math.cos(turn) + y * math.sin(turn)) / self.radii[0]
        across = (y * math.cos(turn) - x * math.sin(turn)) / self.radii[1]
        return Patch(top, left, along**2 + across**2 < 1)


@dataclass(frozen=True)
class Runs(Shape):
    """Run lengths of an image, column by column as COCO has them, as numbers or compressed."""

    counts: Int[np.ndarray, "_"] | str
    size: Size

    def patch(self, size: Size) -> Patch:
        if self.size != size:
            raise ValueError(
                f"its run lengths are of {self.size[0]} x {self.size[1]} pixels, but the image has "
                f"{size[0]} x {size[1]}; correct size"
            )
        height, width = size
        runs = lengths(self.counts) if isinstance(self.counts, str) else self.counts
        return Patch(0, 0, filled(runs, height, width).reshape(width, height).T)


@dataclass(frozen=True)
class Bitmap(Shape):
    """Pixels of a box, as numbers of a mask from its upper left corner on."""

    top: int
    left: int
    mask: Bool[np.ndarray, "_ _"]

    def patch(self, size: Size) -> Patch:
        top, left = max(self.top, 0), max(self.left, 0)
        inside = self.mask[top - self.top : max(size[0] - self.top, 0)]
        return Patch(top, left, inside[:, left - self.left : max(size[1] - self.left, 0)])


def _inside(ring: Float[np.ndarray, "n 2"], height: int, width: int) -> Bool[np.ndarray, "_ _"]:
    """Pixels whose centre has an odd number of edges on its left.

    An edge counts in the rows from its upper end, included, to its lower one, excluded.
    """
    begin, end = ring, np.roll(ring, -1, 0)
    downward = (begin[:, 1] <= end[:, 1])[:, None]
    upper, lower = np.where(downward, begin, end), np.where(downward, end, begin)
    first = np.ceil(upper[:, 1] - 0.5).clip(0, height).astype(np.int64)
    last = np.ceil(lower[:, 1] - 0.5).clip(0, height).astype(np.int64)
    number = last - first
    if number.sum() > MOST_CROSSINGS:
        raise ValueError(
            f"its {len(ring):,} vertices cross rows of pixels {number.sum():,} times, more than "
            f"{MOST_CROSSINGS:,}; simplify it, or store run lengths"
        )
    edges = np.repeat(np.arange(len(ring)), number)
    rows = np.arange(len(edges)) - np.repeat(np.cumsum(number) - number, number) + first[edges]
    (x0, y0), (x1, y1) = upper[edges].T, lower[edges].T
    crossings = x0 + (rows + 0.5 - y0) / (y1 - y0) * (x1 - x0)
    columns = np.ceil(crossings - 0.5).clip(0, width).astype(np.int64)
    changes = np.zeros((height, width + 1), dtype=np.int64)
    np.add.at(changes, (rows, columns), 1)
    return np.cumsum(changes[:, :width], axis=1) % 2 == 1
