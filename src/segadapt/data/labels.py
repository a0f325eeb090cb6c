"""A label table enforced on every file: raw values to classes, and classes back to values."""

from collections.abc import Collection, Mapping
from functools import cached_property
from pathlib import Path
from typing import Final, NamedTuple, cast

import cv2
import numpy as np
from jaxtyping import Int, UInt, UInt8

from segadapt.data.files.decode import MAX_PIXELS
from segadapt.data.files.label_files import read_label_file
from segadapt.data.files.label_values import LabelForm
from segadapt.data.label_table.binary_masks import check_mask
from segadapt.data.label_table.nearest import Nearest
from segadapt.data.label_table.packing import packed, unpacked
from segadapt.data.label_table.table import ERROR, IGNORED, Color, LabelTable, shown
from segadapt.structures import NARROW, ignored_label

Label = UInt[np.ndarray, "H W"]

Raw = UInt[np.ndarray, "H W"] | UInt8[np.ndarray, "H W 3"]
"""Content of a label file: numbers, or colours (RGB)."""

SHOWN: Final = 5
"""Values in a sentence."""


def label_type(num_classes: int) -> type[np.uint8] | type[np.uint16]:
    """The narrowest type that holds the classes and the ignored label."""
    return np.uint8 if num_classes <= NARROW else np.uint16


class Tally(NamedTuple):
    """Numbers of pixels of a label by their meaning."""

    classes: Int[np.ndarray, "k"]
    ignored: int
    unknown: dict[int | Color, int]
    """Values that mean nothing, with their pixels."""


class LabelContract:
    """Maps the values on disk to classes 0 ... K-1 or "ignored"; any other value is an error.

    Every class must have a value and no value two meanings, so that labels shifted by one cannot
    be declared, and files that break the contract cannot be read.

    Attributes:
        table: What the values mean.
        num_classes: Number of classes.
        ignored_label: What ignored pixels become.

    Args:
        table: What the values mean.
        nearest: Whether the values of lossy files (JPEG), which are refused otherwise, are taken
            for the nearest ones of the table.
    """

    def __init__(self, table: LabelTable, nearest: bool = False) -> None:
        self.table, self.num_classes = table, table.num_classes
        self.ignored_label = ignored_label(self.num_classes)
        self.form = LabelForm(table.has_numbers, table.has_colors, nearest)
        self._dtype = label_type(self.num_classes)
        self._unknown = np.iinfo(self._dtype).max - 1  # K is at most that, so it is free
        fill = {ERROR: self._unknown, IGNORED: self.ignored_label}
        self._others = fill[table.others] if isinstance(table.others, str) else table.others
        self._numbers = np.full(65_536, self._others, dtype=self._dtype)
        self._numbers[list(self.classes)] = list(self.classes.values())
        self._numbers[list(table.ignored.numbers)] = self.ignored_label
        self._bytes = self._numbers[:256].copy()

    @property
    def nothing(self) -> np.generic:
        """The ignored label, as labels hold it."""
        return self._dtype(self.ignored_label)

    @cached_property
    def classes(self) -> Mapping[int, int]:
        """Class of each number."""
        return {n: k for k, values in enumerate(self.table.sources) for n in values.numbers}

    @property
    def numbers(self) -> list[int]:
        """The number written for each class in files; None for a class without one."""
        return [values.numbers[0] for values in self.table.sources if values.numbers]

    def read(self, file: Path, max_pixels: int = MAX_PIXELS) -> Raw:
        """The values in a label file, those of a lossy one replaced by the nearest of the table.

        Raises:
            ValueError: If the file cannot be read, is of a kind that the table says nothing of, or
                holds both values of a binary mask's foreground.
        """
        raw, lossy = read_label_file(file, max_pixels, self.form)
        if lossy:
            return self._nearest(raw)
        check_mask(self.table, raw, f"label {file}")
        return raw

    def published(self, prediction: Label) -> Raw:
        """Classes as the values on disk, for a submission: the inverse of reading.

        Where several values share a class, it becomes the first of them; colours are written where
        not all classes have a number.

        Raises:
            ValueError: If the prediction holds anything but classes.
        """
        if prediction.size and prediction.max() >= self.num_classes:
            raise ValueError(
                f"a prediction holds {prediction.max()}, but its classes are "
                f"0..{self.num_classes - 1}; a submission needs a class for every pixel"
            )
        return self._inverse[prediction]

    def __call__(self, raw: Raw, file: Path) -> Label:
        """The label in classes; ignored pixels have the largest number of its type.

        Raises:
            ValueError: If it holds other values; names file, values and how many pixels.
        """
        label = self._looked_up(raw)
        if self._others == self._unknown and label.size and (label == self._unknown).any():
            raise ValueError(self._complaint(raw, label == self._unknown, file))
        return label

    def tally(self, raw: Raw) -> Tally:
        """Count a label's pixels; values that mean nothing are counted too, not refused."""
        label = self._looked_up(raw)
        counts = np.bincount(label.ravel(), minlength=self.ignored_label + 1)
        unknown: dict[int | Color, int] = {}
        if self._others == self._unknown and counts[self._unknown]:
            unknown = values_in(raw[label == self._unknown])
        return Tally(counts[: self.num_classes], int(counts[self.ignored_label]), unknown)

    def _looked_up(self, raw: Raw) -> Label:
        """Classes, the ignored label, and the unknown one."""
        if raw.ndim == 3:
            return self._colors[packed(raw)]
        if raw.dtype == np.uint8 and self._dtype is np.uint8 and raw.size:  # OpenCV takes no empty
            return cv2.LUT(raw.astype(np.uint8, copy=False), self._bytes)  # faster than numpy
        return self._numbers[raw]

    @cached_property
    def _colors(self) -> UInt[np.ndarray, "colors"]:
        """Class of each of the 2^24 colours; most of it is never touched."""
        table = np.full(1 << 24, self._others, dtype=self._dtype)
        for k, values in enumerate(self.table.sources):
            table[packed(_rows(values.colors))] = k
        table[packed(_rows(self.table.ignored.colors))] = self.ignored_label
        return table

    @cached_property
    def _inverse(self) -> UInt[np.ndarray, "k *_"]:
        """The number or colour that is written for each class."""
        if len(self.numbers) < self.num_classes:
            colors = [values.colors[:1] for values in self.table.sources]
            return np.array(colors, dtype=np.uint8).reshape(-1, 3)
        narrow = max(self.numbers) <= 255
        return np.array(self.numbers, dtype=np.uint8 if narrow else np.uint16)

    @cached_property
    def _nearest(self) -> Nearest:
        return Nearest(self.table)

    def _complaint(self, raw: Raw, where: np.ndarray, file: Path) -> str:
        unknown = values_in(raw[where])
        named = ", ".join(f"{shown(v)} on {unknown[v]} pixels" for v in list(unknown)[:SHOWN])
        more = f" and {len(unknown) - SHOWN} more values" if len(unknown) > SHOWN else ""
        mask = (
            " (masks of 0 and 255 are read with data.classes=binary)" if [*unknown] == [255] else ""
        )
        classes, ignored = self._meant(raw.ndim == 3)
        return (
            f"label {file} holds {named}{more}, which is neither a class ({classes}) nor ignored "
            f"({ignored}); correct the file, or the data set's class list or data.ignored{mask}"
        )

    def _meant(self, colors: bool) -> tuple[str, str]:
        """The values of classes and of ignored pixels, as text."""
        if not colors:
            return _ranges(self.classes), _ranges(self.table.ignored.numbers)
        means = [color for values in self.table.sources for color in values.colors]
        return _listed(means), _listed(self.table.ignored.colors)


def values_in(raw: UInt[np.ndarray, "n *_"]) -> dict[int | Color, int]:
    """The values of some pixels, each with how many have it, in order."""
    if raw.ndim == 1:
        counts = np.bincount(raw)
        return {number: int(counts[number]) for number in np.flatnonzero(counts).tolist()}
    return cast(dict[int | Color, int], colors_in(raw))


def colors_in(raw: UInt8[np.ndarray, "n 3"]) -> dict[Color, int]:
    """The colours of some pixels, each with how many have it, in order."""
    colors, counts = np.unique(packed(raw), return_counts=True)
    return dict(zip(map(tuple, unpacked(colors).tolist()), counts.tolist(), strict=True))


def _rows(colors: Collection[Color]) -> UInt8[np.ndarray, "n 3"]:
    return np.array(list(colors), dtype=np.uint8).reshape(-1, 3)


def _listed(colors: Collection[Color]) -> str:
    first = ", ".join(shown(color) for color in list(colors)[:SHOWN])
    return f"{first}, ..." if len(colors) > SHOWN else first or "none"


def _ranges(numbers: Collection[int]) -> str:
    """Numbers as text, runs shortened: 0..10, 12."""
    if not numbers:
        return "none"
    ordered = np.array(sorted(numbers))
    runs = np.split(ordered, np.flatnonzero(np.diff(ordered) > 1) + 1)
    return ", ".join(f"{run[0]}..{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)
