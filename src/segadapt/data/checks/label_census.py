"""Census of the labels of a training split, cached by the digest of the files."""

import json
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, NamedTuple, cast

import numpy as np
from jaxtyping import Int

from segadapt.data.checks.quick_check import files_digest
from segadapt.data.dataset import LabelledDataset, SegmentationDataset
from segadapt.data.reading import Part
from segadapt.files import replace_text
from segadapt.structures import ignored_label
from segadapt.text.bounded import MIB, read_object

FOLDER: Final = "census"
"""Subfolder of the cache for censuses."""

LIMIT: Final = 256 * MIB
"""Largest size of a census, in bytes; a million images of ten classes take about 40 MiB."""


class LabelCensus(NamedTuple):
    """Pixels and images of each class.

    Attributes:
        pixels: Of each class.
        ignored: Ignored pixels.
        classes: Classes of which each image, or part of a raster, has pixels, one by one.
    """

    pixels: list[int]
    ignored: int
    classes: list[list[int]]

    @property
    def images(self) -> list[int]:
        """Number of images in which each class has pixels."""
        held = [k for some in self.classes for k in some]
        return np.bincount(held, minlength=len(self.pixels)).tolist()


Count = tuple[Int[np.ndarray, "k"], int]
"""Pixels of each class in one image, and ignored ones."""


def label_census(dataset: LabelledDataset, cache: Path) -> LabelCensus:
    """Count the labels of a data set, before any augmentation.

    Of a data set of files all label files are read, unless they are those that were read before.
    Any other is composed sample by sample, or its features are stored with the labels; there the
    masks of its samples are counted.

    Args:
        dataset: What is trained on.
        cache: Where counts are remembered; made where it is missing.

    Raises:
        ValueError: If a label is damaged or holds a number that means nothing.
    """
    if not dataset.files:
        return _added(_of_masks(dataset))
    split = cast(SegmentationDataset, dataset)  # what has files has labels
    mark = cache / FOLDER / files_digest([split])
    kept = _remembered(mark, len(split.classes), len(split))
    if kept is not None:
        return kept
    census = _added(_of_files(split))
    _remember(mark, census)
    return census


def _of_files(dataset: SegmentationDataset) -> Iterator[Count]:
    """Threads suffice: reading and decoding let other threads run."""

    def count(part: Part) -> Count:
        tally = dataset.reading.tally(part)
        if tally.unknown:
            dataset.reading.label(part)  # says which, and what to do
        return tally.classes, tally.ignored

    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        try:
            yield from pool.map(count, dataset.parts)
        finally:
            pool.shutdown(cancel_futures=True)


def _of_masks(dataset: LabelledDataset) -> Iterator[Count]:
    number = len(dataset.classes)
    for item in range(len(dataset)):
        mask = dataset[item].mask.numpy()
        labelled = mask[mask != ignored_label(number)]
        yield np.bincount(labelled, minlength=number), int(mask.size - labelled.size)


def _added(counts: Iterator[Count]) -> LabelCensus:
    pixels, ignored, classes = None, 0, []
    for held, skipped in counts:
        pixels = held.astype(np.int64) if pixels is None else pixels + held
        ignored += skipped
        classes.append(np.flatnonzero(held).tolist())
    if pixels is None:
        raise ValueError("the training set is empty; it has no labels to count")
    return LabelCensus(pixels.tolist(), ignored, classes)


def _remembered(mark: Path, num_classes: int, images: int) -> LabelCensus | None:
    """The cached census; None if there is none that fits."""
    try:
        content = read_object(mark, LIMIT)
        pixels, ignored = [int(n) for n in content["pixels"]], int(content["ignored"])
        classes = [[int(k) for k in held] for held in content["classes"]]
    except (OSError, ValueError, TypeError, LookupError):
        return None
    known = all(0 <= k < num_classes for held in classes for k in held)
    fits = known and len(pixels) == num_classes and len(classes) == images
    return LabelCensus(pixels, ignored, classes) if fits else None


def _remember(mark: Path, census: LabelCensus) -> None:
    """Keep the counts; where the folder cannot be written, the next start counts again."""
    try:
        mark.parent.mkdir(parents=True, exist_ok=True)
        replace_text(mark, json.dumps(census._asdict()))
    except OSError:
        return
