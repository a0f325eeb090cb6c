"""The cheap part of checking a data set, before each training: headers and sizes, no pixels."""

import hashlib
import os
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from segadapt.data.dataset import Labelled
from segadapt.data.heads import Head
from segadapt.data.orientation import check_upright
from segadapt.data.pairs import Pair
from segadapt.files import replace_text

VERSION: Final = 2
"""Of the checks: what was found by others is not believed."""


def look_at(splits: Mapping[str, Labelled], cache: Path) -> str | None:
    """Look at all files of a data set, unless they are those that were in order before.

    Args:
        splits: The parts of the data set, by what to call them.
        cache: Where it is remembered that a data set was in order; made where it is missing.

    Returns:
        A line to print; None where no split is made of files.

    Raises:
        ValueError: If a file would end the training, in one sentence.
    """
    made_of_files = {name: split for name, split in splits.items() if split.files}
    if not made_of_files:
        return None
    started = time.perf_counter()
    images = " and ".join(f"{len(split.files)} {name}" for name, split in made_of_files.items())
    mark = cache / "checked" / fingerprint(list(made_of_files.values()))
    if mark.is_file():
        return f"data: {images} images, as they were when they were checked"
    found = [wrong for split in made_of_files.values() for wrong in mistakes(split)]
    if found:
        more = f" (and {len(found) - 1} more files like this)" if found[1:] else ""
        raise ValueError(f"{found[0]}{more}; python scripts/check_data.py names all there is")
    kept = _remember(mark)
    return f"data: {images} images, headers checked in {time.perf_counter() - started:.1f} s{kept}"


def cache_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """Where this package keeps what it can find out again: never in the data set's own folder.

    Args:
        environment: Variables; SEGADAPT_CACHE is the folder, or XDG_CACHE_HOME the one above it.
    """
    if chosen := environment.get("SEGADAPT_CACHE"):
        return Path(chosen).expanduser()
    return Path(environment.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "segadapt"


def fingerprint(splits: Sequence[Labelled]) -> str:
    """A digest of names, sizes and times of change of all files, and of the largest size allowed.

    Raises:
        ValueError: If a file is not there.
    """
    found = hashlib.sha256(f"{VERSION}".encode())
    for split in splits:
        found.update(f"\0{split.max_pixels}\0{split.as_stored}".encode())
        for pair in split.files:
            for file in pair:
                found.update(f"\0{file}\0{_state(file)}".encode("utf-8", "surrogateescape"))
    return found.hexdigest()


def mistakes(split: Labelled) -> list[str]:
    """What is wrong with images and labels as their headers say, a sentence for each pair."""

    def sentence(pair: Pair) -> str | None:
        try:
            compare(pair, split.max_pixels, upright=not split.as_stored)
        except ValueError as error:
            return str(error)
        return None

    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        found = list(pool.map(sentence, split.files))
    return [text for text in found if text is not None]


def compare(pair: Pair, max_pixels: int, upright: bool = False) -> None:
    """Look at the headers of an image and its label.

    Args:
        pair: Their files.
        max_pixels: Larger images are refused.
        upright: Whether images that EXIF turns are refused, as far as the first bytes tell.

    Raises:
        ValueError: If one is unreadable or no image, they differ in size, are too large or turned.
    """
    head = Head(pair.image)
    height, width = head.size()
    if upright:
        check_upright(head.data, str(pair.image))
    if height * width > max_pixels:
        raise ValueError(
            f"{pair.image} has {height} x {width} pixels, more than data.max_pixels={max_pixels}; "
            "raise it if you trust the file"
        )
    label = Head(pair.label).label_size()
    if label is not None and label != (height, width):
        raise ValueError(
            f"{pair.image} has {height} x {width} pixels, but its label {pair.label} has "
            f"{label[0]} x {label[1]}; both must have the same size"
        )


def _state(file: Path) -> str:
    try:
        found = file.stat()
    except OSError as error:
        raise ValueError(f"{file} cannot be read: {error.strerror}") from error
    return f"{found.st_size}\0{found.st_mtime_ns}"


def _remember(mark: Path) -> str:
    """Leave a mark; a home that cannot be written to is no reason not to train, but is told."""
    try:
        mark.parent.mkdir(parents=True, exist_ok=True)
        replace_text(mark, "")
    except OSError as error:
        return f" (not remembered: {mark.parent}: {error.strerror})"
    return ""
