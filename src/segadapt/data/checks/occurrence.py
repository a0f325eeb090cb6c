"""The classes that occur in a split, determined by reading as few labels as possible."""

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, NamedTuple

import numpy as np

from segadapt.data.dataset import SegmentationDataset
from segadapt.data.label_table.binary_masks import check_masks
from segadapt.data.label_table.table import Color, shown
from segadapt.data.labels import values_in
from segadapt.text.borders import print_line

TOGETHER: Final = 16
"""Number of labels that each thread reads before checking whether more are needed."""

MANY: Final = 2000
"""Labels to read from which on it is said, because it takes more than seconds."""

SHOWN: Final = 8
"""Names of classes in a sentence."""


class Occurrence(NamedTuple):
    """Values and classes in the labels of a split that were read.

    Attributes:
        values: Numbers and colours in the files.
        classes: Classes that these stand for.
    """

    values: frozenset[int | Color]
    classes: frozenset[int]


class Verdict(NamedTuple):
    """Messages about the classes of a split; only the first one ends a training.

    Attributes:
        refusal: A sentence if they cannot be meant so, else None.
        notes: Sentences about what is allowed.
        findings: Names and sentences of what is only allowed where ``data.allow`` says so.
    """

    refusal: str | None
    notes: list[str]
    findings: Sequence[tuple[str, str]] = ()


def verdict(dataset: SegmentationDataset, name: str, trained: bool) -> Verdict:
    """Find the classes of a split; all labels are read only if a class is missing.

    Args:
        dataset: The split.
        name: What to call it.
        trained: Whether every class is looked for, or two suffice.

    Raises:
        ValueError: If a label that is read is damaged or holds a number that means nothing, or
            binary masks hold two values for the foreground.
    """
    number = dataset.labels.num_classes
    seen = occurrence(dataset, number if trained else min(2, number))
    check_masks(dataset.labels.table, seen.values, f"the {name} labels")
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
    order = np.random.default_rng(0).permutation(len(dataset.parts)).tolist()
    threads = len(os.sched_getaffinity(0))
    values: frozenset[int | Color] = frozenset()
    classes: frozenset[int] = frozenset()
    with ThreadPoolExecutor(threads) as pool:
        for done, part in _parts(order, TOGETHER * threads):
            occurrences = list(pool.map(lambda item: held(dataset, item), part))
            values = values.union(*(label.values for label in occurrences))
            classes = classes.union(*(label.classes for label in occurrences))
            if len(classes) >= enough:
                break
            if done == 0 and len(order) > MANY:
                print_line(
                    f"data: not all classes are in the first labels; reading up to {len(order)}"
                )
    return Occurrence(values, classes)


def held(dataset: SegmentationDataset, item: int) -> Occurrence:
    """The values and classes in one label file.

    Raises:
        ValueError: If it is damaged, or one of its values is not a class.
    """
    part = dataset.parts[item]
    raw = dataset.reading.raw(part)
    tally = dataset.labels.tally(raw)
    if tally.unknown:
        dataset.labels(raw, part.pair.label)  # says which, and what to do
    classes = np.flatnonzero(tally.classes)
    values = values_in(raw.reshape(-1, 3) if raw.ndim == 3 else raw.ravel())
    return Occurrence(frozenset(values), frozenset(classes.tolist()))


def _parts(order: Sequence[int], size: int) -> Iterator[tuple[int, Sequence[int]]]:
    for start in range(0, len(order), size):
        yield start, order[start : start + size]


def _refusal(classes: Sequence[str], seen: Occurrence, name: str) -> str | None:
    """The reason why a split is useless for training or validation; None if it is not."""
    allow = "set data.allow_empty_classes=true if this is meant"
    if 255 in seen.values and seen.values <= {0, 255} and seen.classes <= {0}:
        return (
            f"the {name} labels hold only 0 and 255, so they are probably masks in which 255 is "
            f"the foreground, but 255 is ignored here; set data.classes=binary, or {allow}"
        )
    if len(seen.classes) > 1 or len(classes) == 1 == len(seen.classes):
        return None
    only = f"pixels of {classes[min(seen.classes)]} only" if seen.classes else "no pixel of a class"
    values = ", ".join(sorted(map(shown, seen.values), key=_place)[:SHOWN])
    return (
        f"the {name} labels hold {only} (the values in them: {values}), although there are "
        f"{len(classes)} classes; correct the labels or the class list, or {allow}"
    )


def _place(value: str) -> tuple[int, str]:
    """Numbers in their order, and behind them colours."""
    return len(value), value


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:SHOWN]) + (", ..." if len(names) > SHOWN else "")
