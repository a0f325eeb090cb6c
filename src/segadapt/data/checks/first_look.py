"""Findings that are rarely intended in a user's data set, from a sample of its files.

Each finding has a name by which ``data.allow`` accepts it.
"""

import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple, TypeVar

import numpy as np

from segadapt.data.dataset import SegmentationDataset
from segadapt.data.reading import Part
from segadapt.text.borders import printable
from segadapt.text.regular_files import open_regular

SAMPLE: Final = 64
"""Images and labels that are decoded."""

IGNORED: Final = 0.8
"""Fraction of ignored pixels above which labels are probably wrong."""

LEVELS: Final = 24
"""Number of distinct values up to which a plane looks like a label, and above which like a
picture."""

DARK: Final = 1 / 8
"""Fraction of the range below which images suggest the range of another bit depth."""

NAMES: Final = ("ignored", "swapped", "same_images", "shared_files", "range")
"""Names that ``data.allow`` accepts."""

Value = TypeVar("Value")


class Notice(NamedTuple):
    """One finding.

    Attributes:
        name: One of ``NAMES``.
        sentence: What was seen, and what to do.
    """

    name: str
    sentence: str


def first_look(parts: Mapping[str, SegmentationDataset], trained: str) -> list[Notice]:
    """Check the splits of a data set.

    Args:
        parts: By what to call them.
        trained: The one that is trained on.

    Raises:
        ValueError: If a file cannot be read.
    """
    own = {name: part for name, part in parts.items() if part.files}
    notices = []
    if (dataset := own.get(trained)) is not None:
        looks = (_same, swapped, _ignored, _range)
        notices += [notice for look in looks for notice in look(dataset, trained)]
    return [*notices, *_shared(own)]


def _shared(parts: Mapping[str, SegmentationDataset]) -> list[Notice]:
    """Images that are in two parts, whatever they are called."""
    digests = {name: _digests(part, parts) for name, part in parts.items()}
    notices = []
    names = list(parts)
    for index, first in enumerate(names):
        for second in names[index + 1 :]:
            common = sorted(digests[first].keys() & digests[second].keys())
            if common:
                pair = digests[first][common[0]], digests[second][common[0]]
                notices.append(
                    Notice(
                        "shared_files",
                        f"{len(common)} images of the {first} split are in the {second} split, "
                        f"too, such as {_named(pair[0])} and {_named(pair[1])}; scores of "
                        "these images say nothing about new ones: remove them from one split",
                    )
                )
    return notices


def _digests(
    part: SegmentationDataset, parts: Mapping[str, SegmentationDataset]
) -> dict[bytes, Path]:
    """The images of a split by digest, except those whose size in bytes no other split has."""
    others = {
        pair.image.stat().st_size
        for other in parts.values()
        if other is not part
        for pair in other.files
    }
    images = [pair.image for pair in part.files if pair.image.stat().st_size in others]
    return dict(zip(_each(_digest, images), images, strict=True))


def _same(dataset: SegmentationDataset, name: str) -> list[Notice]:
    files = [pair.image for pair in dataset.files]
    if len(files) < 2 or len({file.stat().st_size for file in files}) > 1:
        return []
    if len(set(_each(_digest, files))) > 1:
        return []
    return [
        Notice(
            "same_images",
            f"all {len(files)} {name} images are the same file; nothing can be learnt from one "
            "image: export them again",
        )
    ]


def swapped(dataset: SegmentationDataset, name: str) -> list[Notice]:
    """A finding if images look like labels, and labels like pictures."""
    parts = [dataset.parts[item] for item in _sample(len(dataset.parts), 8)]
    seen = _each(partial(_levels, dataset), parts)
    files = parts[0].pair
    if not all(image <= LEVELS < label for image, label in seen):
        return []
    return [
        Notice(
            "swapped",
            f"the {name} images have at most {max(image for image, _ in seen)} different values "
            f"and the labels up to {max(label for _, label in seen)}, as if the folders were "
            f"swapped ({_named(files.image)}, {_named(files.label)}); exchange them",
        )
    ]


def _levels(dataset: SegmentationDataset, part: Part) -> tuple[int, int]:
    """Numbers of distinct values in the first channel of an image and its label, read as images.

    A file that cannot be read has none.
    """
    counts = []
    for read in (dataset.reading.values, dataset.reading.label_as_image):
        try:
            counts.append(len(np.unique(read(part)[..., 0])))
        except ValueError:  # what reads files for good says why
            counts.append(0)
    return counts[0], counts[1]


def _ignored(dataset: SegmentationDataset, name: str) -> list[Notice]:
    def counted(item: int) -> tuple[int, int]:
        tally = dataset.reading.tally(dataset.parts[item])
        return tally.ignored, int(tally.classes.sum()) + tally.ignored

    counts = _each(counted, _sample(len(dataset.parts)))
    ignored, total = (sum(column) for column in zip(*counts, strict=True))
    if ignored <= IGNORED * total:
        return []
    empty = sum(hidden == whole for hidden, whole in counts)
    return [
        Notice(
            "ignored",
            f"{100 * ignored / total:.0f} % of the pixels of {len(counts)} {name} labels are "
            f"ignored, and {empty} of these labels hold nothing else; correct the class list or "
            "what is ignored",
        )
    ]


def _range(dataset: SegmentationDataset, name: str) -> list[Notice]:
    """A finding if images use a small part of their range, or only its ends."""
    if dataset.form.range is None:
        return []

    def extremes(item: int) -> tuple[float, float]:
        image = dataset.reading.image(dataset.parts[item])
        return float(np.quantile(image, 0.01)), float(np.quantile(image, 0.99))

    lows, highs = zip(*_each(extremes, _sample(len(dataset.parts))), strict=True)
    low, high = dataset.form.range
    if max(highs) >= DARK and min(lows) <= 1 - DARK:
        return []
    where = "black" if max(highs) < DARK else "white"
    return [
        Notice(
            "range",
            f"the {name} images are nearly {where} in data.range=[{low:g}, {high:g}], as if they "
            "had another depth; measure it with check-data statistics=true",
        )
    ]


def _each(look: Callable[..., Value], items: Sequence[object]) -> list[Value]:
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        return list(pool.map(look, items))


def _sample(length: int, most: int = SAMPLE) -> list[int]:
    """Items evenly spaced."""
    return np.linspace(0, length - 1, min(length, most)).round().astype(int).tolist()


def _digest(file: Path) -> bytes:
    with open_regular(file) as opened:
        return hashlib.file_digest(opened, "sha256").digest()  # type: ignore[arg-type] # buffered


def _named(file: Path) -> str:
    return printable("/".join(file.parts[-3:]))
