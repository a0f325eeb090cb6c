"""Inspection of each file of a data set: errors, and contents."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Final, NamedTuple

import numpy as np
from jaxtyping import Int

from segadapt.data.dataset import SegmentationDataset
from segadapt.data.label_table.table import shown
from segadapt.data.labels import Tally

UNREADABLE, SIZE, RANGE, EMPTY = "unreadable", "size", "range", "all ignored"
"""Kinds of findings: files that do not decode, image and label of different sizes, numbers in
labels that mean nothing, and labels without any class."""

ERRORS: Final = (UNREADABLE, SIZE, RANGE)
"""Findings that would end a training; an image without classes is useless, but allowed."""


class Finding(NamedTuple):
    """One thing that is wrong with one file.

    Attributes:
        kind: One of the above.
        file: Path below the root of the data set.
        sentence: What is wrong and what to do.
        number: The number, or #rrggbb, on disk that means nothing, where that is what is wrong.
        pixels: How many pixels have it.
    """

    kind: str
    file: str
    sentence: str
    number: int | str | None = None
    pixels: int | None = None


class Inspection(NamedTuple):
    """Result of inspecting an image and its label.

    Attributes:
        size: Height and width of the label, pixels; None where it cannot be read.
        classes: Pixels of each class.
        ignored: Ignored pixels.
        findings: What is wrong.
    """

    size: tuple[int, int] | None
    classes: Int[np.ndarray, "k"]
    ignored: int
    findings: list[Finding]


def inspect(dataset: SegmentationDataset, threads: int | None = None) -> Iterator[Inspection]:
    """Inspect all files of a data set, several at a time, in order.

    Threads suffice: reading, checksums and decoding let other threads run.

    Args:
        dataset: Files and what their numbers mean.
        threads: How many at a time; None for one a core.
    """
    number = threads or len(os.sched_getaffinity(0))
    with ThreadPoolExecutor(number) as pool:
        try:
            yield from pool.map(lambda item: inspect_pair(dataset, item), range(len(dataset)))
        finally:
            pool.shutdown(cancel_futures=True)  # an interrupted scan ends with the files in work


def inspect_pair(dataset: SegmentationDataset, item: int) -> Inspection:
    """Decode an image and its label and count the pixels of each class."""
    part = dataset.parts[item]
    pair = part.pair
    findings: list[Finding] = []
    image = tally = None
    size: tuple[int, int] | None = None
    try:
        image = dataset.reading.image(part)
    except ValueError as error:
        findings.append(Finding(UNREADABLE, dataset.below_root(pair.image), str(error)))
    try:
        tally, size = dataset.reading.counted(part)
    except ValueError as error:
        findings.append(Finding(UNREADABLE, dataset.below_root(pair.label), str(error)))
    if tally is None or size is None:
        nothing = np.zeros(dataset.labels.num_classes, dtype=np.int64)
        return Inspection(None, nothing, 0, findings)
    file = dataset.below_root(pair.label)
    if image is not None and image.shape[:2] != size:
        findings.append(Finding(SIZE, file, _sizes(image.shape, size)))
    findings += _in_label(tally, file)
    return Inspection(size, tally.classes, tally.ignored, findings)


def _in_label(tally: Tally, file: str) -> list[Finding]:
    findings = [
        Finding(
            RANGE,
            file,
            f"{shown(value)} on {pixels} pixels is neither a class nor ignored",
            value if isinstance(value, int) else shown(value),
            pixels,
        )
        for value, pixels in tally.unknown.items()
    ]
    if not tally.classes.any() and not findings:
        findings.append(Finding(EMPTY, file, "every pixel is ignored"))
    return findings


def _sizes(image: tuple[int, ...], label: tuple[int, int]) -> str:
    (height, width), (rows, columns) = image[:2], label
    return f"the image has {height} x {width} pixels, its label {rows} x {columns}"
