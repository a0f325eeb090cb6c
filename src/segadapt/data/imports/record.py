"""The record of an import's sources, by which the next import keeps it or is refused."""

import os
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final, NamedTuple

from segadapt.files import sha256
from segadapt.text.bounded import MIB, read_object

NAME: Final = "import.json"
"""The file in the folder of a split."""

LIMIT: Final = 1024 * MIB


class Written(NamedTuple):
    """Files written for one picture.

    Attributes:
        image: Its image, below the folder of images.
        size: Bytes of the image.
        label: Its label, below the folder of labels.
        digest: SHA-256 of the label.
        ignored: Share of its pixels that is ignored.
    """

    image: str
    size: int
    label: str
    digest: str
    ignored: float


def digests(files: list[Path], base: Path) -> dict[str, str]:
    """SHA-256 of files, by their paths from a folder.

    Raises:
        ValueError: If one cannot be read.
    """

    def digest(file: Path) -> str:
        try:
            return sha256(file)
        except OSError as error:
            raise ValueError(f"{file} cannot be read: {error.strerror}") from error

    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        values = list(pool.map(digest, files))
    return {os.path.relpath(file, base): value for file, value in zip(files, values, strict=True)}


def check_kept(folder: Path, origin: Mapping[str, Any]) -> int:
    """Verify an existing import, and return its number of images.

    Args:
        folder: Of the split.
        origin: The sources and settings that it must have been made with.

    Raises:
        ValueError: If it was made of something else, or has been changed.
    """
    way_out = "choose another folder with into=FOLDER, or another part with split=NAME"
    file = folder / NAME
    if not file.is_file():
        raise ValueError(f"{folder} holds files that are not of an import; {way_out}")
    content = read_object(file, LIMIT)
    for key, value in origin.items():
        if content.get(key) != value:
            raise ValueError(
                f"{folder} holds an earlier import that differs in {key}; nothing was changed: "
                f"{way_out}"
            )
    try:
        written = [Written(*row) for row in content["written"]]
        changed = next(_changed(folder, written), None)
    except (TypeError, KeyError, ValueError) as error:
        raise ValueError(
            f"{file} is damaged ({error}); remove {folder} and import again"
        ) from error
    if changed is not None:
        raise ValueError(
            f"{changed} is missing or was changed after the import; remove {folder} to import "
            f"again, or {way_out}"
        )
    return len(written)


def _changed(folder: Path, written: list[Written]) -> Iterator[Path]:
    """Files that are not as they were written."""

    def check(one: Written) -> Path | None:
        image, label = folder / "images" / one.image, folder / "labels" / one.label
        if not image.is_file() or image.stat().st_size != one.size:
            return image
        return None if label.is_file() and sha256(label) == one.digest else label

    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        yield from (file for file in pool.map(check, written) if file is not None)
