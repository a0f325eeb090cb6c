"""Images matched to their labels by name."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

SUFFIXES: Final = (".jpg", ".jpeg", ".png", ".bmp", ".webp")
"""Image files that can be read; any mixture of them, in any case."""


class Pair(NamedTuple):
    """The files of one image and its label."""

    image: Path
    label: Path


def matched(images: Path, labels: Path, suffix: str = ".png") -> list[Pair]:
    """Every image below ``images`` with the label of the same name below ``labels``, sorted.

    Args:
        images: Folder of the images, searched with all its subfolders.
        labels: Folder of the labels with the same subfolders.
        suffix: What replaces an image's suffix in the name of its label.

    Raises:
        ValueError: If a folder is missing or without images, two images share a name, or an image
            or a label is alone.
    """
    pictures = _by_name(images, [file for file in _files(images) if _is_image(file)], "")
    annotations = _by_name(labels, [f for f in _files(labels) if f.name.endswith(suffix)], suffix)
    if not pictures:
        raise ValueError(f"{images} holds no image ({', '.join(SUFFIXES)})")
    _complain(pictures, annotations, f"no label {suffix} of the same name in {labels}")
    _complain(annotations, pictures, f"no image of the same name in {images}")
    return [Pair(pictures[name], annotations[name]) for name in sorted(pictures)]


def _files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise ValueError(f"there is no folder {folder}; set data.root to where the data set lies")
    return [file for file in sorted(folder.rglob("*")) if not file.name.startswith(".")]


def _is_image(file: Path) -> bool:
    return file.suffix.lower() in SUFFIXES


def _by_name(folder: Path, files: list[Path], suffix: str) -> dict[str, Path]:
    """Files by their path below ``folder`` without suffix."""
    found: dict[str, Path] = {}
    for file in files:
        below = file.relative_to(folder)
        name = str(below).removesuffix(suffix or file.suffix)
        if name in found:
            raise ValueError(f"{found[name]} and {file} share a name; remove one of them")
        found[name] = file
    return found


def _complain(files: Mapping[str, Path], partners: Mapping[str, Path], missing: str) -> None:
    alone = [str(file) for name, file in files.items() if name not in partners]
    if alone:
        shown = ", ".join(alone[:3]) + (", ..." if len(alone) > 3 else "")
        raise ValueError(f"{len(alone)} file(s) have {missing}: {shown}")
