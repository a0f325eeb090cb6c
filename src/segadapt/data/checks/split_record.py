"""The record of the files in each split of a training, stored so that splits never change."""

import hashlib
import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, cast

from segadapt.data.dataset import LabelledDataset, SegmentationDataset
from segadapt.data.files.pairs import Pair
from segadapt.files import write_json
from segadapt.text.bounded import MIB, read_object
from segadapt.text.regular_files import open_regular

PART: Final = 65536
"""Number of bytes at the beginning and at the end of a file that enter its digest."""

LIMIT: Final = 512 * MIB
"""Largest size of a record, in bytes; a line has about 200."""

Splits = Mapping[str, LabelledDataset]
"""Data sets by the name of the split in their files."""


def write_record(file: Path, splits: Splits) -> None:
    """Record the files of splits that a list or a random draw decides; others need no record."""
    kept = {name: _rows(part) for name, part in splits.items() if part.recorded}
    if kept:
        write_json(file, {"splits": kept})


def check_record(file: Path, splits: Splits) -> None:
    """Compare splits with those of the training.

    Args:
        file: What :func:`write_record` wrote; nothing is compared where there is none.
        splits: The splits now.

    Raises:
        ValueError: If a file is gone, new or changed, or belongs to another split now.
    """
    if not any(part.recorded for part in splits.values()) or not file.is_file():
        return
    kept = _read(file)
    for name, part in splits.items():
        if name in kept and part.recorded:
            now = {row[0]: row[1:] for row in _rows(part)}
            if sentence := _difference(kept[name], now):
                raise ValueError(
                    f"split {name!r} is not what the training had (kept in {file}): {sentence}; "
                    "put the files back as they were, or train again in a new run folder"
                )


def _read(file: Path) -> dict[str, dict[str, list[str]]]:
    """The stored entry of each image, by split."""
    splits = read_object(file, LIMIT).get("splits")
    try:
        return {
            str(name): {str(row[0]): [str(value) for value in row[1:]] for row in rows}
            for name, rows in splits.items()  # type: ignore[union-attr] # caught
        }
    except (AttributeError, TypeError, LookupError) as error:
        raise ValueError(f"{file} is not a record of splits; restore it from a backup") from error


def _difference(before: Mapping[str, list[str]], now: Mapping[str, list[str]]) -> str | None:
    gone = sorted(before.keys() - now.keys())
    new = sorted(now.keys() - before.keys())
    changed = sorted(name for name in before.keys() & now.keys() if before[name] != now[name])
    parts = [
        f"{len(names)} {word}, such as {names[0]}"
        for word, names in (("gone", gone), ("new", new), ("changed", changed))
        if names
    ]
    return "; ".join(parts) or None


def _rows(part: LabelledDataset) -> list[list[str]]:
    """Image, label, and a digest of each, file by file."""
    files = cast(SegmentationDataset, part)  # what is recorded is made of files

    def row(pair: Pair) -> list[str]:
        names = [files.below_root(file) for file in pair]
        return [*names, *(_digest(file) for file in pair)]

    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        return list(pool.map(row, part.files))


def _digest(file: Path) -> str:
    """A digest of the size and of both ends of a file: any encoder changes at least one of them."""
    try:
        with open_regular(file) as opened:
            size = opened.seek(0, os.SEEK_END)
            opened.seek(0)
            digest = hashlib.sha256(str(size).encode() + opened.read(PART))
            opened.seek(max(size - PART, 0))
            digest.update(opened.read(PART))
    except OSError as error:
        raise ValueError(f"{file} cannot be read: {error.strerror}") from error
    return digest.hexdigest()[:16]
