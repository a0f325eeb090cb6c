"""Which classes a split has pixels of, found out by reading as few labels as that takes."""

import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, NamedTuple

import numpy as np

from segadapt.data.dataset import SegmentationDataset
from segadapt.data.files.decode import read_label
from segadapt.text.borders import print_line

TOGETHER: Final = 16
"""Labels that each thread reads before the next look at whether there are more to read."""

MANY: Final = 2000
"""Labels to read from which on it is said, because it takes more than seconds."""

SHOWN: Final = 8
"""Names of classes in a sentence."""


class Occurrence(NamedTuple):
    """What the labels of a split hold, as far as they were read.

    Attributes:
        numbers: Numbers in the files.
        classes: Classes that these stand for.
    """

    numbers: frozenset[int]
    classes: frozenset[int]


class Verdict(NamedTuple):
    """What is to be said of a split's classes, of which only the first is worth ending for.

    Attributes:
        refusal: A sentence if they cannot be meant so, else None.
        notes: Sentences about what is allowed.
        findings: Names and sentences of what is only allowed where ``data.allow`` says so.
    """

    refusal: str | None
    notes: list[str]
    findings: Sequence[tuple[str, str]] = ()


def verdict(dataset: SegmentationDataset, name: str, trained: bool) -> Verdict:
    """Look for the classes of a split; all labels are read only if one is missing.

    Args:
        dataset: The split.
        name: What to call it.
        trained: Whether every class is looked for, or two suffice.

    Raises:
        ValueError: If a label that is read is damaged or holds a number that means nothing.
    """
    number = dataset.labels.num_classes
    seen = occurrence(dataset, number if trained else min(2, number))
    absent = [dataset.classes[k] for k in range(number) if k not in seen.classes]
    refusal = _refusal(dataset.classes, seen, name)
    if not (trained and absent) or refusal:
        return Verdict(refusal, [])
    return Verdict(
        None,
        [
            f"data: {len(absent)} of the {number} classes have no pixel in the {name} labels, so "
            f"they cannot be learnt: {_listed(absent)}"
        ],
    )


def occurrence(dataset: SegmentationDataset, enough: int) -> Occurrence:
    """Read labels in random order, several at a time, until enough classes were seen."""
    order = np.random.default_rng(0).permutation(len(dataset.files)).tolist()
    threads = len(os.sched_getaffinity(0))
    numbers: frozenset[int] = frozenset()
    classes: frozenset[int] = frozenset()
    with ThreadPoolExecutor(threads) as pool:
        for done, part in _parts(order, TOGETHER * threads):
            found = pool.map(lambda item: numbers_in(dataset, item), part)
            numbers = numbers.union(*found)
            known = dataset.labels.classes
            classes = frozenset(known[one] for one in numbers if one in known)
            if len(classes) >= enough:
                break
            if done == 0 and len(order) > MANY:
                print_line(
                    f"data: not all classes are in the first labels; reading up to {len(order)}"
                )
    return Occurrence(numbers, classes)


def numbers_in(dataset: SegmentationDataset, item: int) -> Iterable[int]:
    """The numbers in one label file.

    Raises:
        ValueError: If it is damaged, or one of them means nothing.
    """
    file = dataset.files[item].label
    label = read_label(file, dataset.max_pixels)
    dataset.labels(label, file)
    return np.flatnonzero(np.bincount(label.ravel(), minlength=256)).tolist()


def _parts(order: Sequence[int], size: int) -> Iterator[tuple[int, Sequence[int]]]:
    for start in range(0, len(order), size):
        yield start, order[start : start + size]


def _refusal(classes: Sequence[str], seen: Occurrence, name: str) -> str | None:
    """Why nothing can be learnt from, or measured on, a split; None where something can."""
    allow = "set data.allow_empty_classes=true if this is meant"
    if 255 in seen.numbers and seen.numbers <= {0, 255} and 255 not in seen.classes:
        return (
            f"the {name} labels hold only 0 and 255, so they are probably masks in which 255 is "
            f"the foreground, but 255 is ignored here; convert 255 to 1 in the files, or {allow}"
        )
    if len(seen.classes) > 1 or len(classes) == 1 == len(seen.classes):
        return None
    held = f"pixels of {classes[min(seen.classes)]} only" if seen.classes else "no pixel of a class"
    numbers = ", ".join(map(str, sorted(seen.numbers)[:SHOWN]))
    return (
        f"the {name} labels hold {held} (the numbers in them: {numbers}), although there are "
        f"{len(classes)} classes; correct the labels or the class list, or {allow}"
    )


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:SHOWN]) + (", ..." if len(names) > SHOWN else "")
