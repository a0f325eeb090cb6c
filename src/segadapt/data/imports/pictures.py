"""Pictures, the common result of all importers, each with a function for its label."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from jaxtyping import UInt16

from segadapt.data.imports.shapes import Patch, Shape, Size
from segadapt.data.label_table.table import Color

VOID: Final = 65_535
"""Ignored pixels, while a label is drawn."""

OVERLAPS: Final = ("order", "area")

Drawn = UInt16[np.ndarray, "_ _"]


class Painter(ABC):
    """Draws the label of one picture."""

    @abstractmethod
    def label(self, size: Size) -> Drawn:
        """Class numbers of an image of this height and width; ``VOID`` is ignored.

        Raises:
            ValueError: If an annotation cannot be drawn; names file and annotation.
        """


class Region(NamedTuple):
    """An annotation: its class or ``VOID``, its area, and its place in the file."""

    value: int
    shape: Shape
    where: str


@dataclass(frozen=True)
class Regions(Painter):
    """Regions on a background.

    Regions that are ignored lie below all others. Of those, a later one covers an earlier one
    (``order``), or a smaller one covers a larger one (``area``, in pixels within the image).
    """

    regions: Sequence[Region]
    background: int
    overlap: str = "order"

    def label(self, size: Size) -> Drawn:
        drawn = [(region.value, _patch(region, size)) for region in self.regions]
        if self.overlap == "area":
            drawn.sort(key=lambda one: -int(one[1].mask.sum()))
        drawn.sort(key=lambda one: one[0] != VOID)
        label = np.full(size, self.background, dtype=np.uint16)
        for value, (top, left, mask) in drawn:
            height, width = mask.shape
            label[top : top + height, left : left + width][mask] = value
        return label


class Picture(NamedTuple):
    """An image and the way to its label.

    Attributes:
        image: Its file.
        name: Its name in the data set: a path below a folder, with suffix.
        size: Height and width as its annotations say; None where they do not.
        painter: Draws its label.
        where: What its annotations are called in errors.
    """

    image: Path
    name: str
    size: Size | None
    painter: Painter
    where: str


class Source(NamedTuple):
    """Content of an annotation source.

    Attributes:
        classes: Names in the order of their numbers.
        pictures: One for each image.
        files: Annotation files, of which the digest tells whether the source is the same.
        colors: How the source draws each class; None where it does not say.
    """

    classes: tuple[str, ...]
    pictures: list[Picture]
    files: list[Path]
    colors: tuple[Color | None, ...]


class Wanted(NamedTuple):
    """Request of an import.

    Attributes:
        source: File or folder of annotations.
        images: Folder of the images, or None for where the source lies.
        masks: Folder of panoptic masks, or None for the one beside the source.
        split: Part of the data set.
        classes: Names in order, or nothing for those of the source.
        background: Class of pixels without annotation; None where they are ignored.
        ignored: Labels whose regions are ignored.
        overlap: One of ``OVERLAPS``.
        max_pixels: Larger images are refused.
    """

    source: Path
    images: Path | None = None
    masks: Path | None = None
    split: str = "train"
    classes: tuple[str, ...] = ()
    background: str | None = "background"
    ignored: tuple[str, ...] = ()
    overlap: str = "order"
    max_pixels: int = 64_000_000


def _patch(region: Region, size: Size) -> Patch:
    try:
        return region.shape.patch(size)
    except ValueError as error:
        raise ValueError(f"{region.where}: {error}") from error
