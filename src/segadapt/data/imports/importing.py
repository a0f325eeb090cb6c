"""Importing annotations as a folder data set, atomically."""

import hashlib
import multiprocessing
import os
import unicodedata
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any, Final

import numpy as np
from rich.console import Console
from rich.progress import track

from segadapt.data.imports.formats import READERS
from segadapt.data.imports.pictures import OVERLAPS, Picture, Source, Wanted
from segadapt.data.imports.record import NAME, Written, check_kept, digests
from segadapt.data.imports.writing import write_picture
from segadapt.data.label_table.reading import read_table, write_table
from segadapt.data.label_table.table import LabelTable
from segadapt.data.palette import completed
from segadapt.files import MARK, make_folder, staging, write_json
from segadapt.structures import ignored_label
from segadapt.text.choices import check_choice
from segadapt.text.terminal import say

FEW: Final = 64
"""Pictures that one process draws sooner than others start."""

CLASSES: Final = "classes.yaml"

EARLIER: Final = "classes.txt"
"""File of earlier imports in place of a table: names only, with the same numbers."""


def import_labels(
    form: str, wanted: Wanted, into: Path, console: Console, workers: int = 0
) -> Path:
    """Import annotations as a split of a folder data set.

    Args:
        form: One of ``READERS``.
        wanted: What to import, and how.
        into: Folder of the data set; appears whole or not at all, as does a further split in it.
        console: Where to print.
        workers: Processes; 0 for one a core.

    Returns:
        The folder of the split.

    Raises:
        ValueError: If a file or annotation is not in order, or the split holds something else.
    """
    _check_words(form, wanted)
    source = READERS[form](wanted)
    _check_names(source.pictures)
    origin = _origin(form, wanted, source)
    folder = into / wanted.split
    if folder.exists():
        number = check_kept(folder, origin)
        say(console, f"{folder}: {number} images, as they were imported")
        return folder
    _check_classes(into, source)
    with _beside(into) as made, make_folder(made / wanted.split, "data set", "into=FOLDER"):
        written = _write_all(source, made / wanted.split, console, workers, wanted.max_pixels)
        write_json(made / wanted.split / NAME, {**origin, "written": [list(w) for w in written]})
        write_table(_table(source), made / CLASSES, [f"Imported from {form}."])
        _move(made, into, wanted.split)
    ignored = 100 * float(np.mean([one.ignored for one in written]))
    counts = f"{len(written)} images, {len(source.classes)} classes"
    say(console, f"{folder}: {counts}, {ignored:.2f} % of the pixels ignored")
    return folder


def _check_words(form: str, wanted: Wanted) -> None:
    for key, value, available in (
        ("format", form, tuple(READERS)),
        ("overlap", wanted.overlap, OVERLAPS),
    ):
        check_choice(key, value, available)
    if not wanted.split.isidentifier():
        raise ValueError(f"split={wanted.split} is not a name; write letters, such as split=val")
    if not wanted.source.exists():
        raise ValueError(f"source not found: {wanted.source}; correct source=PATH")
    if wanted.max_pixels < 1:
        raise ValueError(f"max_pixels={wanted.max_pixels}; pass a number of pixels")


def _check_names(pictures: Sequence[Picture]) -> None:
    """Labels have the names of their images, without suffix, so that two must not share one."""
    if not pictures:
        raise ValueError("the source lists no image; there is nothing to import")
    seen: dict[str, str] = {}
    for picture in pictures:
        stem = PurePosixPath(picture.name).with_suffix("").as_posix()
        key = unicodedata.normalize("NFC", stem)
        if key in seen:
            raise ValueError(
                f"{picture.where}: {picture.name} and {seen[key]} would share a label; rename one"
            )
        seen[key] = picture.name


def _origin(form: str, wanted: Wanted, source: Source) -> dict[str, Any]:
    """The settings and sources that decide the labels."""
    base = wanted.source if wanted.source.is_dir() else wanted.source.parent
    listed = digests(source.files, base)
    text = "".join(f"{name}\0{digest}\n" for name, digest in sorted(listed.items()))
    names = "".join(f"{picture.name}\n" for picture in source.pictures)
    return {
        "format": form,
        "source": hashlib.sha256(f"{text}\0{names}".encode("utf-8", "replace")).hexdigest(),
        "classes": list(source.classes),
        "background": wanted.background,
        "ignored": list(wanted.ignored),
        "overlap": wanted.overlap,
    }


def _table(source: Source) -> LabelTable:
    """The label table of an import, with a colour for each class."""
    table = LabelTable.consecutive(source.classes, ignored=(ignored_label(len(source.classes)),))
    return replace(table, palette=completed(source.colors))


def _check_classes(into: Path, source: Source) -> None:
    """Check that a further split has the classes of the existing ones."""
    if not into.exists() or (into.is_dir() and not any(into.iterdir())):
        return
    file = next((into / name for name in (CLASSES, EARLIER) if (into / name).is_file()), None)
    if file is None:
        raise ValueError(
            f"{into} exists and has no {CLASSES} of an import; choose another folder with "
            "into=FOLDER"
        )
    held, wanted = read_table(file), _table(source)
    if held.names != wanted.names:
        raise ValueError(
            f"{file} lists the classes {', '.join(held.names[:8])}, but the source has "
            f"{', '.join(wanted.names[:8])}; give both imports the same classes=[NAME,NAME,...], "
            "or choose another folder with into=FOLDER"
        )
    if (held.sources, held.ignored) != (wanted.sources, wanted.ignored):
        raise ValueError(
            f"{file} gives classes other numbers than the import wrote; choose another folder with "
            "into=FOLDER"
        )


@contextmanager
def _beside(into: Path) -> Iterator[Path]:
    """A folder on the same file system, without those that killed imports have left."""
    with ExitStack() as stack:
        with make_folder(into.parent, "folder of the data set", "into=FOLDER"):
            stage = stack.enter_context(staging(into, MARK))
        yield stage


def _move(made: Path, into: Path, split: str) -> None:
    """Let the result appear by one rename, when it is on the disk."""
    os.sync()
    if into.exists() and any(into.iterdir()):
        (made / split).rename(into / split)
    else:
        made.rename(into)


def _write_all(
    source: Source, folder: Path, console: Console, workers: int, max_pixels: int
) -> list[Written]:
    number = workers or len(os.sched_getaffinity(0))
    write = partial(
        write_picture, folder=folder, num_classes=len(source.classes), max_pixels=max_pixels
    )
    pictures = source.pictures
    if number == 1 or len(pictures) <= FEW:
        return list(track(map(write, pictures), "importing", len(pictures), console=console))
    context = multiprocessing.get_context("spawn")  # the progress bar has a thread
    with ProcessPoolExecutor(number, mp_context=context) as pool:
        try:
            done = pool.map(write, pictures, chunksize=8)
            return list(track(done, "importing", len(pictures), console=console))
        finally:
            pool.shutdown(cancel_futures=True)
