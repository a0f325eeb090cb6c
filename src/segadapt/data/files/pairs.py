"""Images matched to their labels by name."""

import os
import unicodedata
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from segadapt.text.choices import unknown
from segadapt.text.invocation import command
from segadapt.text.reading import read_lines

SUFFIXES: Final = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff", ".npy")
"""Image files that can be read; any mixture of them, in any case."""


class Incomplete(ValueError):
    """Raised for files whose counterparts are missing.

    Args:
        sentence: What is missing, with the first few files.
        files: All files that are alone, or the names of those that are missing.
    """

    def __init__(self, sentence: str, files: list[str]) -> None:
        super().__init__(sentence)
        self.files = files


class Pair(NamedTuple):
    """The files of one image and its label."""

    image: Path
    label: Path


class ImageFolder(NamedTuple):
    """A folder of images whose labels are not published.

    Args:
        folder: Where below the data set's root; subfolders belong to it.
        suffix: End of the images' names; "" for any that images have.
        images: How many there are as published.
    """

    folder: str
    suffix: str
    images: int

    def files(self, root: Path) -> list[Path]:
        """The images, sorted.

        Raises:
            ValueError: If the folder is missing or without images, or two of them share a name.
        """
        place = root / self.folder
        if root.is_dir() and not place.is_dir():
            raise ValueError(
                f"folder of test images not found: {place}; {command('prepare-data')} --help says "
                "how to fetch them, or set data.root to where the data set lies"
            )
        named = _by_name(place, _pictures(place, self.suffix), self.suffix)
        if not named:
            raise ValueError(f"{place} holds no image ({self.suffix or ', '.join(SUFFIXES)})")
        return [named[name] for name in sorted(named)]


def matched(
    images: Path,
    labels: Path,
    suffix: str = ".png",
    image_suffix: str = "",
    beside: Collection[str] = (),
) -> list[Pair]:
    """Every image below ``images`` with the label of the same name below ``labels``, sorted.

    Names that look the same are the same, however their accents are spelt: archives packed on
    macOS spell them in their own way. Hidden files and folders are passed over.

    Args:
        images: Folder of the images, searched with all its subfolders.
        labels: Folder of the labels with the same subfolders.
        suffix: What replaces an image's suffix in the name of its label.
        image_suffix: End of the images' names; none for any name that ends as images do.
        beside: Ends of the names of further files among the labels, which tools leave there.

    Raises:
        ValueError: If a folder is missing or without images, two images share a name, or an image
            or a label is alone.
    """
    pictures = _by_name(images, _pictures(images, image_suffix), image_suffix)
    annotations = _by_name(labels, _annotations(labels, suffix, beside), suffix)
    if not pictures:
        raise ValueError(f"{images} holds no image ({image_suffix or ', '.join(SUFFIXES)})")
    lone = f"have no label {suffix} of the same name in {labels}"
    check_alone(
        {
            lone: without(pictures, annotations),
            f"have no image of the same name in {images}": without(annotations, pictures),
        }
    )
    return [Pair(pictures[name], annotations[name]) for name in sorted(pictures)]


def listed(names: Path, images: Path, labels: Path, suffix: str = ".png") -> list[Pair]:
    """The images that a file names, one per line without suffix, in its order.

    Args:
        names: Text file with one name per line.
        images: Folder of the images; it may hold more.
        labels: Folder of the labels; it may hold more.
        suffix: End of the labels' names.

    Raises:
        ValueError: If a file or folder is missing, or a name is there twice.
    """
    if not names.is_file():
        raise ValueError(
            f"image list not found: {names}; set data.root to the folder of the data set"
        )
    wanted = read_lines(names, any_bytes=True)
    if len(wanted) != len(set(wanted)) or not wanted:
        raise ValueError(f"{names} must name one image or more, and none of them twice")
    pictures = _by_name(images, [file for file in _entries(images) if _is_image(file)], "")
    annotations = _by_name(labels, [f for f in _entries(labels) if _ends(f, suffix)], suffix)
    check_alone(
        {
            f"named in {names} have no image in {images}": [n for n in wanted if n not in pictures],
            f"named in {names} have no {suffix} in {labels}": [
                n for n in wanted if n not in annotations
            ],
        }
    )
    return [Pair(pictures[name], annotations[name]) for name in wanted]


def images_below(folder: Path) -> list[Path]:
    """The images in a folder and its subfolders, sorted; hidden ones are passed over.

    Raises:
        ValueError: If a folder cannot be read.
    """
    return _pictures(folder, "")


def everything_below(folders: Collection[Path]) -> list[Path]:
    """All files below some folders, hidden ones too; sorted."""
    return sorted(
        {
            Path(place) / name
            for folder in folders
            for place, _, names in os.walk(folder)
            for name in names
        }
    )


def chosen(split: str, splits: Mapping[str, str], data_set: str) -> str:
    """The name of a split in a data set's own files.

    Raises:
        ValueError: If the data set has no such split.
    """
    if split not in splits:
        raise ValueError(unknown("split", split, splits, f"of {data_set}"))
    return splits[split]


def _pictures(folder: Path, suffix: str) -> list[Path]:
    return [f for f in files_below(folder) if _is_image(f) and _ends(f, suffix)]


def _annotations(folder: Path, suffix: str, beside: Collection[str]) -> list[Path]:
    files = [file for file in files_below(folder) if _ends(file, suffix)]
    return [file for file in files if not any(_ends(file, end) for end in beside)]


def files_below(folder: Path) -> list[Path]:
    """All files below, through links to folders too: large sets lie on several disks."""
    _check(folder)
    return sorted(_walked(folder, frozenset()))


def _walked(folder: Path, above: frozenset[str]) -> Iterator[Path]:
    real = os.path.realpath(folder)
    if real in above:
        raise ValueError(f"{folder} is a link to a folder above it; remove the link")
    for entry in _scanned(folder):
        if entry.is_dir():
            yield from _walked(Path(entry.path), above | {real})
        else:
            yield Path(entry.path)


def _entries(folder: Path) -> list[Path]:
    """The files in a folder itself."""
    _check(folder)
    return [Path(entry.path) for entry in _scanned(folder)]


def _scanned(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return [entry for entry in entries if not entry.name.startswith(".")]
    except OSError as error:
        raise ValueError(f"folder {folder} cannot be read: {error.strerror}") from error


def _check(folder: Path) -> None:
    if not folder.is_dir():
        raise ValueError(f"folder not found: {folder}; set data.root to the folder of the data set")


def _ends(file: Path, suffix: str) -> bool:
    """Whether a name has an end, in capitals or not."""
    return file.name.lower().endswith(suffix.lower())


def _is_image(file: Path) -> bool:
    return file.suffix.lower() in SUFFIXES


def _by_name(folder: Path, files: list[Path], suffix: str) -> dict[str, Path]:
    """Files by their path below ``folder`` without suffix."""
    named: dict[str, Path] = {}
    for file in files:
        below = unicodedata.normalize("NFC", str(file.relative_to(folder)))
        name = below[: len(below) - len(suffix or file.suffix)]
        if name in named:
            raise ValueError(f"{named[name]} and {file} share a name; remove one of them")
        named[name] = file
    return named


def check_alone(alone: Mapping[str, list[str]]) -> None:
    """Raise if any files lack their counterparts."""
    sentences = []
    for missing, files in alone.items():
        if files:
            shown = ", ".join(files[:3]) + (", ..." if len(files) > 3 else "")
            sentences.append(f"{len(files)} file(s) {missing}: {shown}")
    if sentences:
        raise Incomplete("; ".join(sentences), [file for files in alone.values() for file in files])


def without(files: Mapping[str, Path], partners: Mapping[str, Path]) -> list[str]:
    """The files whose names no partner has."""
    return [str(file) for name, file in files.items() if name not in partners]
