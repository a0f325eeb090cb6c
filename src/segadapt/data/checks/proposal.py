"""A proposed label table for a data set without one, from the values in its labels."""

import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path
from typing import Final, NamedTuple, TypeVar

import numpy as np

from segadapt.data.datasets.ade20k import ADE20K
from segadapt.data.datasets.camvid import CamVid
from segadapt.data.datasets.cityscapes import Cityscapes
from segadapt.data.datasets.voc2012 import VOC2012
from segadapt.data.files.boxes import Box, cells
from segadapt.data.files.label_files import Raw, read_label_file
from segadapt.data.files.label_values import LabelForm
from segadapt.data.files.label_windows import label_values, read_label_window
from segadapt.data.files.raster_windows import raster
from segadapt.data.label_table.table import Color
from segadapt.data.labels import colors_in

ANYTHING: Final = LabelForm(numbers=True, colors=True, lossy=True)

NEAR: Final = 2
"""Difference in levels between colours that JPEG or resampling made from one."""

RARE: Final = 0.001
"""Fraction of the pixels of JPEG labels below which a value is a compression artefact."""

Value = TypeVar("Value")

MOST: Final = 4096
"""Largest number of values in a table that a user can edit; more are not classes."""

PALETTES: Final = (VOC2012, Cityscapes, CamVid, ADE20K)
"""Data sets whose colours are recognised, in this order."""

BORDER: Final[Color] = (224, 224, 192)
"""Colour of the borders that VOC draws around objects, and ignores."""


class Contents(NamedTuple):
    """Contents of labels.

    Attributes:
        numbers: Pixels of each number.
        colors: Pixels of each colour.
        lossy: Whether a label is a JPEG.
    """

    numbers: Counter[int]
    colors: Counter[Color]
    lossy: bool


class Proposal(NamedTuple):
    """A label table to be edited.

    Attributes:
        text: The file.
        notes: Sentences about what was recognised.
    """

    text: str
    notes: list[str]


def scan(
    labels: Sequence[Path], max_pixels: int, threads: int | None = None, windows: int | None = None
) -> Contents:
    """Count the values of labels, several files or windows at a time.

    Args:
        labels: Files.
        max_pixels: Larger ones are refused unless they are read by windows.
        threads: Files or windows that are read at the same time; None for one per core.
        windows: Side of the windows in which TIFFs are read, pixels; None to read whole files.

    Raises:
        ValueError: If a label cannot be read, or there are more values than a table may have.
    """
    numbers: Counter[int] = Counter()
    colors: Counter[Color] = Counter()
    lossy = False
    with ThreadPoolExecutor(threads or len(os.sched_getaffinity(0))) as pool:
        for seen in _contents(labels, max_pixels, windows, pool):
            numbers.update(seen.numbers)
            colors.update(seen.colors)
            lossy = lossy or seen.lossy
            if not lossy and max(len(numbers), len(colors)) > MOST:
                pool.shutdown(cancel_futures=True)
                raise ValueError(
                    f"the labels hold more than {MOST} different values, so these are not classes; "
                    "check that data.root and the folders are not those of images"
                )
    return Contents(numbers, colors, lossy)


def proposed(contents: Contents) -> Proposal:
    """The table that fits the contents of labels.

    Raises:
        ValueError: If some labels hold numbers and others colours.
    """
    if contents.numbers and contents.colors:
        raise ValueError(
            "some labels hold numbers and others colours; convert them to one kind, or write "
            "classes.yaml with both for each class"
        )
    if contents.lossy:
        frequent = (_frequent(contents.numbers), _frequent(contents.colors))
        contents = Contents(*frequent, contents.lossy)
    entries, ignored, notes = (
        _of_colors(contents) if contents.colors else _of_numbers(contents.numbers)
    )
    if contents.lossy:
        notes.append(
            "JPEG labels: values below a thousandth of the pixels are not listed; export them as "
            "PNG, or set data.lossy_labels=nearest."
        )
    key = "colors" if contents.colors else "numbers"
    lines = ["# Proposed by segadapt check-data. Name the classes, and correct what is wrong."]
    lines += [f"# {note}" for note in notes]
    lines.append("classes:")
    for name, values, pixels in entries:
        lines += [f"  - name: {name}", f"    {key}: [{', '.join(values)}]  # {pixels:,} pixels"]
    if ignored:
        lines += ["ignored:", f"  {key}: [{', '.join(ignored)}]"]
    lines.append("others: error")
    return Proposal("\n".join(lines) + "\n", notes)


Entries = list[tuple[str, list[str], int]]
"""Name, values and pixels of each class."""


def _of_numbers(numbers: Counter[int]) -> tuple[Entries, list[str], list[str]]:
    held = sorted(numbers)
    if set(held) in ({0, 255}, {0, 1}, {255}):
        foreground = max(held)
        entries = [
            ("background", ["0"], numbers[0]),
            ("foreground", [str(foreground)], numbers[foreground]),
        ]
        return entries, [], ["Binary masks; data.classes=binary does the same."]
    white = 65_535 if max(held) > 255 else 255
    classes = [number for number in held if number != white]
    notes = []
    if white in numbers:
        notes.append(f"{white} is treated as ignored.")
    if classes and classes[0] == 1:
        notes.append("The classes begin at 1; no label holds 0.")
    elif classes and classes[0] == 0:
        notes.append("If 0 means that nothing is labelled, move it to ignored.")
    if gaps := sorted(set(range(classes[0], classes[-1])) - set(classes)) if classes else []:
        notes.append(f"No label holds {', '.join(map(str, gaps[:8]))}; add values that are rare.")
    entries = [(f"class_{number}", [str(number)], numbers[number]) for number in classes]
    return entries, [str(white)] if white in numbers else [], notes


def _of_colors(contents: Contents) -> tuple[Entries, list[str], list[str]]:
    groups = grouped(contents.colors)
    notes = []
    if any(len(members) > 1 for members in groups.values()):
        notes.append(
            f"Colours that differ by up to {NEAR} levels were taken for one, as JPEG or resampling "
            "leaves them; the labels should be exported again."
        )
    pixels = {main: sum(contents.colors[one] for one in group) for main, group in groups.items()}
    known = _known(list(groups))
    if known is not None:
        source, names = known
        notes.append(f"The colours are those of {source}.")
    else:
        names = {color: f"color_{_hex(color)[1:]}" for color in groups}
        if (0, 0, 0) in names:
            notes.append("If black means that nothing is labelled, move it to ignored.")
    order = sorted(names, key=list(names).index)
    entries = [(names[c], [f"'{_hex(one)}'" for one in groups[c]], pixels[c]) for c in order]
    rest = [one for color in groups if color not in names for one in groups[color]]
    return entries, [f"'{_hex(color)}'" for color in rest], notes


def grouped(colors: Mapping[Color, int]) -> dict[Color, list[Color]]:
    """Colours by the most frequent one that is near them in every channel."""
    groups: dict[Color, list[Color]] = {}
    for color in sorted(colors, key=lambda one: (-colors[one], one)):
        near = (main for main in groups if _distance(main, color) <= NEAR)
        groups.setdefault(next(near, color), []).append(color)
    return groups


def _frequent(values: Counter[Value]) -> Counter[Value]:
    """Values that are not compression artefacts."""
    least = RARE * values.total()
    return Counter({value: number for value, number in values.items() if number >= least})


def _known(colors: Sequence[Color]) -> tuple[str, dict[Color, str]] | None:
    """The published palette that contains all colours, with the names of those that occur."""
    for source in PALETTES:
        assert source.palette is not None
        names = dict(zip(source.palette, source.classes, strict=True))
        free = {(0, 0, 0), BORDER} - names.keys()
        if len(names.keys() & set(colors)) > 1 and set(colors) <= names.keys() | free:
            return source.__name__, {c: name for c, name in names.items() if c in colors}
    return None


def _contents(
    labels: Sequence[Path], max_pixels: int, windows: int | None, pool: Executor
) -> Iterator[Contents]:
    """The contents of files, or of windows of them."""
    if windows is None:
        return pool.map(lambda file: _of_file(file, max_pixels), labels)
    parts = [(f, box) for f in labels for box in cells(raster(f).size, (windows, windows))]
    return pool.map(lambda part: _of_window(*part), parts)


def _of_file(file: Path, max_pixels: int) -> Contents:
    label = read_label_file(file, max_pixels, ANYTHING)
    return _counted(label.values, label.lossy)


def _of_window(file: Path, box: Box) -> Contents:
    """The values of the pixels with data."""
    values, empty = read_label_window(file, box)
    if empty is not None:
        values = values[~empty.all(2)][None]
    return _counted(label_values(values, file, ANYTHING))


def _counted(values: Raw, lossy: bool = False) -> Contents:
    """Numbers or colours as stored in the file; palette indices are not converted."""
    if values.ndim == 3:
        return Contents(Counter(), Counter(colors_in(values.reshape(-1, 3))), lossy)
    numbers, counts = np.unique(values, return_counts=True)
    pixels = dict(zip(numbers.tolist(), counts.tolist(), strict=True))
    return Contents(Counter(pixels), Counter(), lossy)


def _distance(one: Color, other: Color) -> int:
    return max(abs(a - b) for a, b in zip(one, other, strict=True))


def _hex(color: Color) -> str:
    return f"#{bytes(color).hex()}"
