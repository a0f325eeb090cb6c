"""Location of the images and labels of a folder, detected from the names in it."""

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from segadapt.data.files.pairs import SUFFIXES, Pair, check_alone, files_below, without

IMAGES: Final = ("images", "image", "imgs", "img")
LABELS: Final = ("labels", "masks", "annotations", "label", "mask", "annotation")
"""Names of the two folders, in capitals or not."""

LABEL_SUFFIXES: Final = (".png", ".tif", ".tiff", ".npy", ".bmp", ".jpg", ".jpeg")
"""Files that may be labels. Some are refused when they are read, with the reason."""

ENDS: Final = tuple(
    f"{mark}{word}"
    for word in ("mask", "masks", "label", "labels", "gt", "seg", "annotation", "annotations")
    for mark in "_-."
)
"""Suffixes that may follow the name of an image in the name of its label."""

ALIASES: Final[Mapping[str, Sequence[str]]] = {
    "train": ("train", "training"),
    "val": ("val", "valid", "validation"),
    "test": ("test", "testing"),
}
"""Names of the folders of a split; other splits have their own name."""

RULES: Final = 'data.image="{name}.jpg" data.label="{name}_mask.png"'
"""The way out wherever names decide nothing."""


class Found(NamedTuple):
    """The pairs of a part of a data set.

    Attributes:
        pairs: By the name that image and label share, sorted.
        searched: Folders in which all images and labels were looked for.
    """

    pairs: dict[str, Pair]
    searched: tuple[Path, ...]


def find(root: Path, split: str | None) -> Found:
    """Pairs of images and labels that lie in one of the usual ways.

    With a split: ``SPLIT/images`` and ``SPLIT/labels``, ``images/SPLIT`` and ``labels/SPLIT``, or
    both mixed in ``SPLIT``. Without one: ``images`` and ``labels``, or both mixed in the folder.
    For ``labels`` also ``masks`` and ``annotations``.

    Args:
        root: Folder of the data set.
        split: Part of it, or None where the folder has no parts.

    Raises:
        ValueError: If there are no such folders, more than one way is possible, or an image or a
            label is alone.
    """
    if not root.is_dir():
        raise ValueError(f"folder not found: {root}; set data.root to the folder of the data set")
    ways = [_beside(root), *_mixed(root)] if split is None else _of_split(root, split)
    places = [place for place in ways if place is not None]
    if not places:
        raise ValueError(_nowhere(root, split))
    if len(places) > 1:
        shown = " and ".join(f"{images} with {labels}" for images, labels in places[:2])
        raise ValueError(f"{shown} could both be meant; remove one, or choose with {RULES}")
    images, labels = places[0]
    return in_one_folder(images) if images == labels else side_by_side(images, labels)


def side_by_side(images: Path, labels: Path) -> Found:
    """Pairs from two folders; the name of a label may be that of its image, with one of ``ENDS``.

    Raises:
        ValueError: If an image or label is alone, or two share a name.
    """
    pictures = by_name(images, with_suffix(images, SUFFIXES))
    if not pictures:
        raise ValueError(f"{images} holds no image ({', '.join(SUFFIXES)})")
    files = by_name(labels, with_suffix(labels, LABEL_SUFFIXES))

    def matches(end: str) -> int:
        return sum(name.endswith(end) and name.removesuffix(end) in pictures for name in files)

    end = max(("", *ENDS), key=matches)
    annotations = {name.removesuffix(end): f for name, f in files.items() if name.endswith(end)}
    others = {str(file): file for name, file in files.items() if not name.endswith(end)}
    return Found(joined(pictures, annotations, others, images, labels), (images, labels))


def in_one_folder(folder: Path) -> Found:
    """Pairs from one folder: ``a.jpg`` with ``a_mask.png``, or ``a.jpg`` with ``a.png``.

    Raises:
        ValueError: If names do not tell images from labels, or one is alone.
    """
    files = with_suffix(folder, (*SUFFIXES, *LABEL_SUFFIXES))
    end = _common_end(files, folder)
    if end:
        chosen = [file for file in files if file.stem.lower().endswith(end)]
    else:
        suffixes = {file.suffix.lower() for file in files}
        of_labels = (".png",) if ".png" in suffixes else (".tif", ".tiff", ".npy", ".bmp")
        chosen = [file for file in files if file.suffix.lower() in of_labels]
    rest = [file for file in files if file not in set(chosen) and file.suffix.lower() in SUFFIXES]
    if not chosen or not rest:
        raise ValueError(
            f"the names in {folder} do not distinguish images from labels; describe them, for "
            f"example with {RULES}"
        )
    images, labels = by_name(folder, rest), by_name(folder, chosen, end)
    return Found(joined(images, labels, {}, folder, folder), (folder,))


def joined(
    images: Mapping[str, Path],
    labels: Mapping[str, Path],
    others: Mapping[str, Path],
    place: Path,
    place_of_labels: Path,
) -> dict[str, Pair]:
    """Images with the labels of the same names, sorted.

    Args:
        images: By name.
        labels: By name.
        others: Labels whose names fit no image.
        place: Where the images were looked for.
        place_of_labels: Where the labels were looked for.

    Raises:
        Incomplete: If one is alone.
    """
    check_alone(
        {
            f"have no label of the same name in {place_of_labels}": without(images, labels),
            f"have no image of the same name in {place}": without({**others, **labels}, images),
        }
    )
    return {name: Pair(images[name], labels[name]) for name in sorted(images)}


def by_name(folder: Path, files: Sequence[Path], end: str = "") -> dict[str, Path]:
    """Files by their path below ``folder`` without suffix, and without an end before it.

    Raises:
        ValueError: If two share a name.
    """
    named: dict[str, Path] = {}
    for file in files:
        below = unicodedata.normalize("NFC", str(file.relative_to(folder).with_suffix("")))
        name = below[: len(below) - len(end)]
        if name in named:
            raise ValueError(f"{named[name]} and {file} share a name; remove one of them")
        named[name] = file
    return named


def with_suffix(folder: Path, suffixes: Sequence[str]) -> list[Path]:
    """The files below a folder that have one of these suffixes, in capitals or not; sorted."""
    return [file for file in files_below(folder) if file.suffix.lower() in suffixes]


def folder_named(place: Path, names: Sequence[str]) -> Path | None:
    """The folder in a place that has one of these names, in capitals or not.

    Raises:
        ValueError: If there are two.
    """
    if not place.is_dir():
        return None
    known = [entry for entry in sorted(place.iterdir()) if entry.name.lower() in names]
    folders = [entry for entry in known if entry.is_dir()]
    if len(folders) > 1:
        raise ValueError(
            f"{folders[0]} and {folders[1]} could both be meant; remove one, or choose with {RULES}"
        )
    return folders[0] if folders else None


def _of_split(root: Path, split: str) -> Iterator[tuple[Path, Path] | None]:
    names = ALIASES.get(split, (split.lower(),))
    if (part := folder_named(root, names)) is not None:
        yield _beside(part)
        yield from _mixed(part)
    images, labels = folder_named(root, IMAGES), folder_named(root, LABELS)
    if images is not None and labels is not None:
        pictures, annotations = folder_named(images, names), folder_named(labels, names)
        if pictures is not None and annotations is not None:
            yield pictures, annotations


def _beside(place: Path) -> tuple[Path, Path] | None:
    images, labels = folder_named(place, IMAGES), folder_named(place, LABELS)
    return None if images is None or labels is None else (images, labels)


def _mixed(place: Path) -> Iterator[tuple[Path, Path]]:
    """The place itself, where it has no folder of images or of labels."""
    divided = folder_named(place, IMAGES) or folder_named(place, LABELS)
    if not divided and with_suffix(place, SUFFIXES):
        yield place, place


def _common_end(files: Sequence[Path], folder: Path) -> str:
    """The one end that labels in a folder of both have; none where suffixes must do.

    Raises:
        ValueError: If there are two.
    """
    stems = {(file.parent, file.stem.lower()) for file in files}
    ends = {
        end
        for parent, stem in stems
        for end in ENDS
        if stem.endswith(end) and (parent, stem.removesuffix(end)) in stems
    }
    if len(ends) > 1:
        raise ValueError(
            f"{folder} holds labels that end in {' and in '.join(sorted(ends)[:2])}; choose with "
            f"{RULES}"
        )
    return next(iter(ends), "")


def _nowhere(root: Path, split: str | None) -> str:
    entries = sorted(entry.name for entry in root.iterdir() if not entry.name.startswith("."))
    held = ", ".join(entries[:8]) + (", ..." if len(entries) > 8 else "") if entries else "nothing"
    if split is None:
        return (
            f"{root} has no images/ beside labels/, masks/ or annotations/, and no images itself "
            f"(it holds {held}); set data.root to the folder of the data set, or say how its files "
            f"are called, for example with {RULES}"
        )
    whole = _beside(root) or [f for f in root.iterdir() if f.suffix.lower() in SUFFIXES]
    drawn = "draw the split with data.split={val: 0.2}, or " if whole else ""
    return (
        f"{root} has no folder of split {split!r} with images and labels (it holds {held}); "
        f"{drawn}make {split}/images and {split}/labels, give lists with "
        'data.list="{train: FILE, val: FILE}", or describe the file names, for example with '
        'data.image="{split}/{name}.jpg" data.label="{split}/{name}_mask.png"'
    )
