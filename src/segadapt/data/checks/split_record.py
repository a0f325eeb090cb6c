"""The record of the files in each split of a training, stored so that splits never change."""

import hashlib
import os
from collections.abc import Mapping, Sequence
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

VERSION: Final = 3
"""Version of the record, which tells the meaning of name-prefix; the first has none, and lists only
the splits of the training."""

Row = tuple[str, list[str]]
"""Name of an image, then its label and a digest of each."""


def write_record(file: Path, parts: Sequence[LabelledDataset]) -> None:
    """Record the files of all splits that a list or a draw assigns; others need no record.

    Splits that the training does not use are recorded as well: what is tested later must be the
    files that were set apart for it now.
    """
    recorded = _recorded(parts)
    own = [(part, part.split, part.files) for part in recorded]
    all_of = [(part, name, pairs) for part in recorded for name, pairs in part.division.items()]
    files: dict[str, list[list[str]]] = {}
    for part, name, pairs in [*own, *all_of]:
        if name not in files:
            files[name] = [[image, *rest] for image, rest in _rows(part, pairs)]
    if files:
        write_json(file, {"version": VERSION, "splits": files})


def version_of(file: Path) -> int:
    """The version of a record; this one where there is none yet.

    Raises:
        ValueError: If it is of a later version, or damaged.
    """
    version = read_object(file, LIMIT).get("version", 1) if file.is_file() else VERSION
    if version not in range(1, VERSION + 1):
        raise ValueError(
            f"{file} has version {version!r}, which this version of segadapt does not know; update "
            "segadapt"
        )
    return int(version)


def check_record(file: Path, parts: Sequence[LabelledDataset]) -> None:
    """Compare splits with those of the training.

    Args:
        file: What :func:`write_record` wrote; nothing is compared where there is none.
        parts: The splits now.

    Raises:
        ValueError: If a file is gone, new or changed, or belongs to another split now.
    """
    if not (recorded := _recorded(parts)) or not file.is_file():
        return
    kept = _read(file)
    for part in recorded:
        now = dict(_rows(part, part.files))
        sentence = (
            _difference(kept[part.split], now)
            if part.split in kept
            else _mixed(part.split, now, kept)
        )
        if sentence:
            raise ValueError(
                f"split {part.split!r} is not what the training had (kept in {file}): {sentence}; "
                "put the files back as they were, or train again in a new run folder"
            )


def _recorded(parts: Sequence[LabelledDataset]) -> list[SegmentationDataset]:
    """Parts whose files a list or a draw assigns."""
    return [cast(SegmentationDataset, part) for part in parts if part.division]


def _mixed(
    split: str, now: Mapping[str, list[str]], kept: Mapping[str, Mapping[str, list[str]]]
) -> str | None:
    """Describe the files of other splits in one without a record; None if there are none.

    Earlier versions recorded only what they trained and validated on, and a list may get further
    splits after the training. A split with exactly the files of another one is that split by
    another name.
    """
    if any(now == rows for rows in kept.values()):
        return None
    for name, rows in kept.items():
        # By digest, too: another folder may use the same names for other images.
        common = sorted(
            image for image in now.keys() & rows.keys() if now[image][1] == rows[image][1]
        )
        if common:
            return f"{len(common)} of split {name!r} of the training, such as {common[0]}"
    return None


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


def _rows(part: SegmentationDataset, pairs: Sequence[Pair]) -> list[Row]:
    """Image, label, and a digest of each, file by file."""

    def row(pair: Pair) -> Row:
        image, label = (part.below_root(file) for file in pair)
        return image, [label, *(_digest(file) for file in pair)]

    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        return list(pool.map(row, pairs))


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
