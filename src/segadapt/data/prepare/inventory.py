"""Inventory of the folders of a data set, and checks that they are complete."""

import os
from collections.abc import Iterable
from pathlib import Path

from segadapt.data.prepare.recipe import Folder


def lacking(root: Path, folders: Iterable[Folder]) -> list[Folder]:
    """The missing or empty folders.

    Args:
        root: Folder of the data set.
        folders: What it consists of.

    Raises:
        ValueError: If one is there but not whole: it is somebody's, and left as it is. Or if it
            would lie on another disk than the root.
    """
    absent = []
    for folder in folders:
        place = root / folder.target
        if _free(place):
            _check_disk(root, place)
            absent.append(folder)
        elif fault := _fault(place, str(place), folder):
            raise ValueError(f"{fault}; move {place} away and run the command again")
    return absent


def check_whole(stage: Path, folders: Iterable[Folder], file: Path) -> None:
    """Check that the content of an archive is as published.

    Args:
        stage: Where it was unpacked.
        folders: What it should have given.
        file: The archive.

    Raises:
        ValueError: If files are missing, or too many.
    """
    for folder in folders:
        if fault := _fault(stage / folder.target, folder.target, folder):
            raise ValueError(
                f"{file} is not what was published: {fault}; remove it and run the command again"
            )


def count(place: Path, suffix: str) -> int:
    """Files below a folder whose names end so; hidden ones do not count."""
    return sum(
        name.endswith(suffix) and not name.startswith(".")
        for _, _, names in os.walk(place, onerror=_raise)
        for name in names
    )


def _free(place: Path) -> bool:
    """Whether a folder can be moved there."""
    if place.is_symlink():
        return False
    return not place.exists() or (place.is_dir() and not any(place.iterdir()))


def _check_disk(root: Path, place: Path) -> None:
    """Folders are moved to their place, which disks do only within themselves."""
    above = next(folder for folder in place.parents if folder.exists())
    if above.is_relative_to(root) and above.stat().st_dev != root.stat().st_dev:
        raise ValueError(
            f"{above} is on a different disk than {root}; make a link of the whole root instead"
        )


def _fault(place: Path, called: str, folder: Folder) -> str | None:
    """The error of a folder; None if it is complete."""
    if not place.is_dir():
        return f"{called} is not a folder"
    number = count(place, folder.suffix)
    files = f"files *{folder.suffix}" if folder.suffix else "files"
    if folder.number is None:
        return None if number else f"{called} holds no {files}"
    if number == folder.number:
        return None
    return f"{called} holds {number:,} {files}, not {folder.number:,}"


def _raise(error: OSError) -> None:
    raise error
