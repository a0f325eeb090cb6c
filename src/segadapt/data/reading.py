"""Reading the files of a data set: whole, or window by window."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Num

from segadapt.data.files.boxes import Box, Size, cells
from segadapt.data.files.decode import read_image, read_values, whole
from segadapt.data.files.image_format import PLAIN, ImageFormat, Pixels
from segadapt.data.files.pairs import Pair
from segadapt.data.files.raster_windows import raster
from segadapt.data.labels import Label, LabelContract, Raw, Tally
from segadapt.data.patches import Patch, View


class Part(NamedTuple):
    """Unit of reading: an image and its label, or a part of both."""

    pair: Pair
    box: Box | None = None


class Reading(ABC):
    """Interface that reads images and labels, except in training and evaluation."""

    @abstractmethod
    def image(self, part: Part) -> Pixels:
        """The image."""

    @abstractmethod
    def values(self, part: Part) -> Num[np.ndarray, "n c"]:
        """The stored values of the pixels with data."""

    @abstractmethod
    def raw(self, part: Part) -> Raw:
        """The numbers or colours of the pixels of a label, or of those that have data."""

    @abstractmethod
    def label(self, part: Part) -> Label:
        """The classes."""

    @abstractmethod
    def counted(self, part: Part) -> tuple[Tally, Size]:
        """Numbers of pixels of the label by their meaning, and its height and width."""

    @abstractmethod
    def label_as_image(self, part: Part) -> Num[np.ndarray, "n c"]:
        """The numbers of the label as if it were an 8-bit RGB image."""

    def tally(self, part: Part) -> Tally:
        """Numbers of pixels of the label by their meaning."""
        return self.counted(part)[0]


class WholeFiles(Reading):
    """Each file at once.

    Args:
        labels: What the values of labels mean.
        form: Channels and depth of the images.
        max_pixels: Larger images are refused.
        upright: Whether images that EXIF turns are refused.
    """

    def __init__(
        self, labels: LabelContract, form: ImageFormat, max_pixels: int, upright: bool
    ) -> None:
        self.labels, self.form = labels, form
        self.max_pixels, self.upright = max_pixels, upright

    def image(self, part: Part, reduction: Callable[[Size], int] = whole) -> Pixels:
        return read_image(part.pair.image, self.max_pixels, self.upright, reduction, self.form)

    def values(self, part: Part) -> Num[np.ndarray, "n c"]:
        values = read_values(part.pair.image, self.max_pixels, self.form)
        return values.reshape(-1, self.form.channels)

    def raw(self, part: Part) -> Raw:
        return self.labels.read(part.pair.label, self.max_pixels)

    def label(self, part: Part) -> Label:
        return self.labels(self.raw(part), part.pair.label)

    def counted(self, part: Part) -> tuple[Tally, Size]:
        raw = self.raw(part)
        return self.labels.tally(raw), (raw.shape[0], raw.shape[1])

    def label_as_image(self, part: Part) -> Num[np.ndarray, "n c"]:
        return read_values(part.pair.label, self.max_pixels, PLAIN).reshape(-1, PLAIN.channels)


class Windows(Reading):
    """TIFFs window by window: no more of them than a window is in memory.

    Pixels of an image or a label that are declared to have no data are ignored.

    Args:
        labels: What the values of labels mean.
        form: Channels and depth of the images.
        cell: Height and width of what is looked at together, pixels.
    """

    def __init__(self, labels: LabelContract, form: ImageFormat, cell: Size) -> None:
        self.labels, self.form, self.cell = labels, form, cell

    def parts(self, files: Sequence[Pair]) -> list[Part]:
        """All cells of all rasters.

        Raises:
            ValueError: If an image cannot be opened.
        """
        return [
            Part(pair, box) for pair in files for box in cells(raster(pair.image).size, self.cell)
        ]

    def view(self, pair: Pair) -> View:
        """Any window of an image and its label."""
        return View(raster(pair.image).size, lambda box: Patch(pair, box, self.labels, self.form))

    def check(self, pair: Pair) -> None:
        """Check the headers of an image and its label, and the pixels in their middle.

        Raises:
            ValueError: If one cannot be read by windows, or they do not fit each other.
        """
        middle = cells(raster(pair.image).size, self.cell)
        patch = Patch(pair, middle[len(middle) // 2], self.labels, self.form)
        assert patch.label.shape == patch.image.shape[:2]

    def notes(self, files: Sequence[Pair]) -> list[str]:
        """Notes about slow files."""
        wide = 4 * max(self.cell)
        slow = [
            file
            for pair in files
            for file in pair
            if (opened := raster(file)).is_striped and opened.size[1] > wide
        ]
        if not slow:
            return []
        return [
            f"{len(slow)} rasters have strips and not tiles, such as {slow[0]}, so that reading "
            "windows is slow; tile them: gdal_translate -co TILED=YES -co COMPRESS=DEFLATE IN OUT"
        ]

    def image(self, part: Part) -> Pixels:
        return self._patch(part).image

    def values(self, part: Part) -> Num[np.ndarray, "n c"]:
        return self._patch(part).values

    def raw(self, part: Part) -> Raw:
        return self._patch(part).raw

    def label(self, part: Part) -> Label:
        return self._patch(part).label

    def counted(self, part: Part) -> tuple[Tally, Size]:
        patch = self._patch(part)
        tally = self.labels.tally(patch.raw)
        ignored = tally.ignored + patch.without_data
        return tally._replace(ignored=ignored), patch.box.size

    def label_as_image(self, part: Part) -> Num[np.ndarray, "n c"]:
        assert part.box is not None
        values = raster(part.pair.label).read(part.box).values
        return values.reshape(-1, values.shape[2])

    def _patch(self, part: Part) -> Patch:
        assert part.box is not None
        return Patch(part.pair, part.box, self.labels, self.form)
