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
    """Name of its predictions, without suffix: relative and without ``..``, so that it can only be
    below the folder of their kind."""


def found_images(images: str, out: Path | None = None) -> list[Source]:
    """The images of a file, a folder, a glob or a list.

    Args:
        images: An image; a folder, which is searched with its subfolders; a glob; or a text file
            with a path a line, relative to its own folder.
        out: Folder of the predictions, which must not be among the images; None: there is none.

    Raises:
        ValueError: If there are none, the predictions of two would have the same name or none at
            all, or predictions would be found as images the next time.
    """
    if "://" in images:
        raise ValueError(f"{images} is a URL, and images are read from files; download it first")
    place = expanded(images)
    base: Path | None
    if place.is_dir():
        base, files = place, images_below(place)
        what = f"{place} holds no image file ({', '.join(SUFFIXES)})"
    elif place.is_file() and place.suffix.lower() == ".txt":
        files = [_beside(place, line) for line in read_lines(place, any_bytes=True)]
        base, what = None, f"{place} names no image; write one path per line"
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
    if out is not None and files != [place]:
        deep = base is not None and (place.is_dir() or "**" in images)
        _refuse_predictions(images, files, base if deep else None, out)
    return _named(files, base)


def is_video(images: str) -> bool:
    """Whether a file is read frame by frame."""
    return expanded(images).suffix.lower() in VIDEOS


def _named(files: Sequence[Path], base: Path | None) -> list[Source]:
    """Images with the names of their predictions.

    Args:
        files: Images, as they were named.
        base: Folder whose subfolders are mirrored; None, or where a file is not below it, the
            lowest folder that all files are below.
    """
    # Without "..", whose folders would lead the predictions out of theirs.
    paths = [Path(os.path.abspath(file)) for file in files]  # noqa: PTH100 # keeps links
    folders = {path.parent for path in paths}
    if base is not None:
        folders.add(Path(os.path.abspath(base)))  # noqa: PTH100
    top = os.path.commonpath(folders)
    names = [path.relative_to(top) for path in paths]
    sources = [
        Source(file, _without_suffix(name, file)) for file, name in zip(files, names, strict=True)
    ]
    _check_names(sources)
    return sources


def _without_suffix(name: Path, file: Path) -> Path:
    """The name of predictions.

    Raises:
        ValueError: If nothing but dots is left of it.
    """
    if not name.stem.strip("."):
        raise ValueError(f"{file} has no name in front of its suffix; rename it")
    return name.with_suffix("")


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


def _fixed(pattern: Path) -> Path:
    """The folders of a glob before its first wildcard."""
    parts = pattern.parts
    first = next(index for index, part in enumerate(parts) if WILD.search(part))
    return Path(*parts[:first])


def _refuse_predictions(
    images: str, files: Sequence[Path], searched: Path | None, out: Path
) -> None:
    """Refuse to find predictions as images: now, or when the same command is repeated.

    Args:
        images: Images as typed.
        files: Files that it finds.
        searched: Folder that is searched with all its subfolders; None: there is none.
        out: Folder of the predictions.
    """
    if searched is not None and _inside(out, searched):
        raise ValueError(
            f"out={out} lies in {searched}, which images={images} searches with its subfolders, so "
            "its files would become inputs; choose a folder elsewhere"
        )
    holding = {folder for folder in {file.parent for file in files} if _inside(folder, out)}
    if (file := next((file for file in files if file.parent in holding), None)) is not None:
        raise ValueError(
            f"images={images} finds {file} in out={out}, so predictions would become inputs; "
            "choose a folder elsewhere"
        )


def _inside(place: Path, folder: Path) -> bool:
    return place.resolve().is_relative_to(folder.resolve())
