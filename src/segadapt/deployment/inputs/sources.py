"""The image files that a command line names, and the names of their predictions."""

import glob
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

from segadapt.data.files.pairs import SUFFIXES, images_below
from segadapt.files import expanded
from segadapt.text.reading import read_lines

VIDEOS: Final = (".avi", ".m4v", ".mkv", ".mov", ".mp4", ".webm")
"""Files that OpenCV reads frame by frame."""

WILD: Final = re.compile(r"[*?\\[]")


class Source(NamedTuple):
    """An image file."""

    file: Path
    name: Path
    """Name of its predictions, below the folder of their kind and without suffix."""


def found_images(images: str, out: Path | None = None) -> list[Source]:
    """The images of a file, a folder, a glob or a list.

    Args:
        images: An image; a folder, which is searched with its subfolders; a glob; or a text file
            with a path a line, relative to its own folder.
        out: Folder of the predictions, which must not be among the images; None: there is none.

    Raises:
        ValueError: If there are none, the predictions of two would have the same name, or
            predictions would be found as images the next time.
    """
    if "://" in images:
        raise ValueError(f"{images} is a URL, and images are read from files; download it first")
    place = expanded(images)
    if place.is_dir():
        base, files = place, images_below(place)
        what = f"{place} holds no image file ({', '.join(SUFFIXES)})"
    elif place.is_file() and place.suffix.lower() == ".txt":
        files = [_beside(place, line) for line in read_lines(place, any_bytes=True)]
        base, what = _common(files), f"{place} names no image; write one path per line"
    elif place.is_file():
        base, files, what = place.parent, [place], ""
    elif WILD.search(images):
        files = [Path(name) for name in sorted(glob.glob(str(place), recursive=True))]  # noqa: PTH207 # any root
        files = [file for file in files if file.suffix.lower() in SUFFIXES]
        base, what = _fixed(place), f"no image file matches {images}"
    else:
        raise ValueError(f"{place} does not exist; pass an image, a folder, a glob or a video")
    if not files:
        raise ValueError(what)
    if out is not None and _inside(out, base) and place.is_dir():
        raise ValueError(
            f"out={out} lies in images={place}, so its files would become inputs; choose a "
            "folder elsewhere"
        )
    sources = [Source(file, file.relative_to(base).with_suffix("")) for file in files]
    _check_names(sources)
    return sources


def is_video(images: str) -> bool:
    """Whether a file is read frame by frame."""
    return expanded(images).suffix.lower() in VIDEOS


def _check_names(sources: Sequence[Source]) -> None:
    seen: dict[Path, Path] = {}
    for file, name in sources:
        if name in seen:
            raise ValueError(
                f"the predictions of {seen[name]} and {file} would both be called {name}; rename "
                "one of them"
            )
        seen[name] = file


def _beside(listing: Path, line: str) -> Path:
    return listing.parent / expanded(line)


def _common(files: Sequence[Path]) -> Path:
    """The lowest folder that all lie in."""
    if not files:
        return Path()
    return Path(os.path.commonpath([file.parent for file in files]))


def _fixed(pattern: Path) -> Path:
    """The folders of a glob before its first wildcard."""
    parts = pattern.parts
    first = next(index for index, part in enumerate(parts) if WILD.search(part))
    return Path(*parts[:first])


def _inside(place: Path, folder: Path) -> bool:
    return place.resolve().is_relative_to(folder.resolve())
