"""Windows of an image and its label."""

from collections.abc import Callable
from functools import cached_property
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Num

from segadapt.data.files.boxes import Box, Size
from segadapt.data.files.image_format import ImageFormat, Pixels
from segadapt.data.files.label_windows import label_values, read_label_window
from segadapt.data.files.pairs import Pair
from segadapt.data.files.raster_grids import check_same_grid
from segadapt.data.files.raster_windows import Window, raster
from segadapt.data.label_table.binary_masks import check_mask
from segadapt.data.labels import Label, LabelContract, Raw


class Patch:
    """A window of an image and its label, read on access.

    Args:
        pair: Their files.
        box: Which window.
        labels: What the values of labels mean.
        form: Channels and depth of the images.
    """

    def __init__(self, pair: Pair, box: Box, labels: LabelContract, form: ImageFormat) -> None:
        self.pair, self.box, self.labels, self.form = pair, box, labels, form

    @cached_property
    def image(self) -> Pixels:
        """The pixels; those without data are black."""
        return self._image.pixels(self.form, self.pair.image)

    @property
    def values(self) -> Num[np.ndarray, "n c"]:
        """The numbers of the pixels whose channels all have data."""
        values, empty = self._image
        whole = np.ones(self.box.size, bool) if empty is None else ~empty.any(2)
        return self.form.checked(values[whole][None], self.pair.image)[0]

    @cached_property
    def raw(self) -> Raw:
        """The values of the label where it and the image have data: in one row, unless all have."""
        values, file = self._label.values, self.pair.label
        if self._valid is not None:
            values = values[self._valid][None]
        raw = label_values(values, file, self.labels.form)
        check_mask(self.labels.table, raw, f"label {file}")
        return raw

    @cached_property
    def label(self) -> Label:
        """The classes, with the ignored label for pixels without data."""
        if self._valid is None:
            return self.labels(self.raw, self.pair.label)
        label = np.full(self.box.size, self.labels.nothing)
        if self._valid.any():
            label[self._valid] = self.labels(self.raw, self.pair.label)[0]
        return label

    @property
    def without_data(self) -> int:
        """Pixels of which the image or the label has no data."""
        return 0 if self._valid is None else int(self._valid.size - np.count_nonzero(self._valid))

    @cached_property
    def _image(self) -> Window:
        return raster(self.pair.image).read(self.box)

    @cached_property
    def _label(self) -> Window:
        check_same_grid(raster(self.pair.image), raster(self.pair.label))
        return read_label_window(self.pair.label, self.box)

    @cached_property
    def _valid(self) -> Bool[np.ndarray, "_ _"] | None:
        """Pixels at which the label and at least one channel have data; None for all."""
        valid = [read.valid for read in (self._image, self._label) if read.valid is not None]
        return np.logical_and.reduce(valid) if valid else None


class View(NamedTuple):
    """An image and its label, of which any window can be had.

    Attributes:
        size: Height and width of both.
        at: Gives a window.
    """

    size: Size
    at: Callable[[Box], Patch]
