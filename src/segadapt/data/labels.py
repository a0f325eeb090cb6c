"""What the numbers in label files mean, declared once per data set and enforced on every file."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from jaxtyping import Int, UInt8

from segadapt.structures import IGNORE

Label = UInt8[np.ndarray, "H W"]


class Tally(NamedTuple):
    """How many pixels of a label mean what."""

    classes: Int[np.ndarray, "k"]
    ignored: int
    unknown: dict[int, int]
    """Numbers that mean nothing, with their pixels."""


class LabelContract:
    """Maps the numbers on disk to classes 0 ... K-1 or "ignored"; any other number is an error.

    Every class must have a number and no number two meanings, so that labels shifted by one
    cannot be declared, and files that break the contract cannot be read.

    Args:
        classes: Class of each number on disk; several numbers may share a class.
        ignored: Numbers on disk that count nowhere.

    Raises:
        ValueError: If classes are missing, or a number is out of 0..255 or has two meanings.
    """

    def __init__(self, classes: Mapping[int, int], ignored: Collection[int] = (IGNORE,)) -> None:
        self.num_classes = len(set(classes.values()))
        if set(classes.values()) != set(range(self.num_classes)) or self.num_classes > IGNORE:
            raise ValueError(
                f"label numbers must map to all of the classes 0..K-1 with K at most {IGNORE}, "
                f"but they map to {sorted(set(classes.values()))}"
            )
        if twice := sorted(set(classes) & set(ignored)):
            raise ValueError(f"label number {twice[0]} is both a class and ignored; choose one")
        if outside := [n for n in (*classes, *ignored) if not 0 <= n <= 255]:
            raise ValueError(f"label number {outside[0]} does not fit into the 0..255 of a file")
        self.classes, self.ignored = dict(classes), tuple(ignored)
        self._known = np.isin(np.arange(256), [*classes, *ignored])
        self._table = np.full(256, IGNORE, dtype=np.uint8)
        self._table[list(classes)] = list(classes.values())
        self._inverse = np.zeros(256, dtype=np.uint8)
        for number, k in reversed(list(classes.items())):
            self._inverse[k] = number

    @classmethod
    def identity(cls, num_classes: int, ignored: Collection[int] = (IGNORE,)) -> "LabelContract":
        """Files already hold 0 ... K-1."""
        return cls({k: k for k in range(num_classes)}, ignored)

    @classmethod
    def consecutive(
        cls,
        num_classes: int,
        first: int,
        unused: Collection[int] = (),
        ignored: Collection[int] = (IGNORE,),
    ) -> "LabelContract":
        """The classes in order have the numbers ``first``, ``first + 1``, ... but those unused.

        Args:
            num_classes: Number of classes.
            first: Number of class 0.
            unused: Numbers that no class has, and that are errors.
            ignored: Numbers on disk that count nowhere.
        """
        numbers = [n for n in range(first, first + num_classes + len(unused)) if n not in unused]
        return cls({number: k for k, number in enumerate(numbers)}, ignored)

    @property
    def numbers(self) -> list[int]:
        """The number that stands for each class in files that are written."""
        return self._inverse[: self.num_classes].tolist()

    def published(self, prediction: Label) -> Label:
        """Classes as the numbers on disk, for a submission: the inverse of reading.

        Where several numbers share a class, it becomes the first of them.

        Raises:
            ValueError: If the prediction holds anything but classes.
        """
        if prediction.size and prediction.max() >= self.num_classes:
            raise ValueError(
                f"a prediction holds {prediction.max()}, but its classes are "
                f"0..{self.num_classes - 1}; a submission needs a class for every pixel"
            )
        return cv2.LUT(prediction, self._inverse)

    def __call__(self, label: Label, file: Path) -> Label:
        """The label in classes; ignored pixels are 255.

        Raises:
            ValueError: If it holds other numbers; names file, numbers and how many pixels.
        """
        if not self._plain(label) and (unknown := self._unknown(_histogram(label))):
            found = ", ".join(f"{n} on {unknown[n]} pixels" for n in list(unknown)[:5])
            more = f" and {len(unknown) - 5} more numbers" if len(unknown) > 5 else ""
            mask = " (255 as the foreground of a mask must become 1)" if [*unknown] == [255] else ""
            raise ValueError(
                f"label {file} holds {found}{more}, which is neither a class "
                f"({_ranges(self.classes)}) nor ignored ({_ranges(self.ignored)}); correct the "
                f"file, or the data set's class list or data.ignored{mask}"
            )
        return cv2.LUT(label, self._table)

    def tally(self, label: Label) -> Tally:
        """Count a label's pixels; numbers that mean nothing are counted too, not refused."""
        histogram = _histogram(label)
        classes = np.zeros(self.num_classes, dtype=np.int64)
        np.add.at(classes, list(self.classes.values()), histogram[list(self.classes)])
        ignored = int(sum(histogram[number] for number in self.ignored))
        return Tally(classes, ignored, self._unknown(histogram))

    def _plain(self, label: Label) -> bool:
        """Whether all numbers between a label's least and greatest are known: a quick look."""
        return bool(label.size and self._known[label.min() : int(label.max()) + 1].all())

    def _unknown(self, histogram: Int[np.ndarray, "256"]) -> dict[int, int]:
        numbers = np.flatnonzero((histogram > 0) & ~self._known)
        return {int(number): int(histogram[number]) for number in numbers}


def _histogram(label: Label) -> Int[np.ndarray, "256"]:
    return cv2.calcHist([label], [0], None, [256], [0, 256]).ravel().astype(np.int64)


def _ranges(numbers: Collection[int]) -> str:
    """Numbers as text, runs shortened: 0..10, 12."""
    if not numbers:
        return "none"
    ordered = np.array(sorted(numbers))
    runs = np.split(ordered, np.flatnonzero(np.diff(ordered) > 1) + 1)
    return ", ".join(f"{run[0]}..{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)
