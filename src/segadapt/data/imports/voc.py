"""Pascal VOC: masks in SegmentationClass, lists of the splits, and difficult objects.

CVAT and others export the same layout with a file ``labelmap.txt`` and colours of their own.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from segadapt.data.files.pairs import SUFFIXES
from segadapt.data.imports.bounded_xml import read_xml
from segadapt.data.imports.fields import relative, told
from segadapt.data.imports.masks import read_colors
from segadapt.data.imports.names import Classes
from segadapt.data.imports.pictures import VOID, Drawn, Painter, Picture, Source, Wanted
from segadapt.data.imports.shapes import Size
from segadapt.data.label_table.table import Color
from segadapt.text.bounded import MIB
from segadapt.text.reading import read_lines

BORDER: Final = (224, 224, 192)
"""The colour of number 255, whose pixels are ignored."""

NAMES: Final = (
    *("background", "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair"),
    *("cow", "diningtable", "dog", "horse", "motorbike", "person", "pottedplant", "sheep", "sofa"),
    *("train", "tvmonitor"),
)
"""The classes of VOC, where no ``labelmap.txt`` names others."""


@dataclass(frozen=True)
class Mask(Painter):
    """A mask of class colours, and one of objects of which some are ignored."""

    file: Path
    values: dict[Color, int]
    objects: Path
    annotation: Path
    max_pixels: int

    def label(self, size: Size) -> Drawn:
        label = _looked_up(self._colors(self.file, size), self.values, self.file)
        if difficult := _difficult(self.annotation):
            colors = self._colors(self.objects, size)
            for number in difficult:
                label[(colors == color_of(number)).all(-1)] = VOID
        return label

    def _colors(self, file: Path, size: Size) -> np.ndarray:
        colors = read_colors(file, self.max_pixels)
        if colors.shape[:2] != size:
            raise ValueError(
                f"the mask {file} has {colors.shape[0]} x {colors.shape[1]} pixels, but its image "
                f"has {size[0]} x {size[1]}"
            )
        return colors


def read(wanted: Wanted) -> Source:
    """Read the masks of a split.

    Raises:
        ValueError: If a file is missing or an entry is invalid.
    """
    root = wanted.source
    masks = root / "SegmentationClass"
    if not masks.is_dir():
        raise ValueError(f"{masks} is not a folder; set source= to the folder that has it")
    colors = _labelmap(root / "labelmap.txt")
    classes = Classes(colors, wanted, background=False)
    values = {color: classes.value(label) for label, color in colors.items()}
    values.setdefault(BORDER, VOID)
    listed = root / "ImageSets" / "Segmentation" / f"{wanted.split}.txt"
    names = read_lines(listed) if listed.is_file() else sorted(_stems(masks))
    pictures = [_picture(name, wanted, values) for name in names]
    files = [file for file in (listed, root / "labelmap.txt") if file.is_file()]
    for picture in pictures:
        painter = picture.painter
        assert isinstance(painter, Mask)
        candidates = (painter.file, painter.annotation, painter.objects)
        files += [file for file in candidates if file.is_file()]
    return Source(classes.names, pictures, files, classes.colors(colors))


def color_of(number: int) -> Color:
    """Colour of a number in VOC's palette: its bits, distributed over red, green and blue."""
    red, green, blue = (
        sum((number >> (3 * place + channel) & 1) << (7 - place) for place in range(8))
        for channel in range(3)
    )
    return red, green, blue


def _labelmap(file: Path) -> dict[str, Color]:
    """Colours by label: lines of ``label:red,green,blue:parts:actions``."""
    if not file.is_file():
        return {name: color_of(number) for number, name in enumerate(NAMES)}
    colors: dict[str, Color] = {}
    for line in read_lines(file):
        if line.startswith("#"):
            continue
        label, _, rest = line.partition(":")
        parts = rest.partition(":")[0].split(",")
        if len(parts) != 3 or not all(part.strip().isdecimal() for part in parts):
            raise ValueError(f"{file}: {told(line)} is not label:red,green,blue; correct the line")
        color = (int(parts[0]), int(parts[1]), int(parts[2]))
        if max(color) > 255 or label in colors or color in colors.values():
            raise ValueError(
                f"{file}: {told(line)} repeats a label or a colour, or has a colour "
                "above 255; correct the line"
            )
        colors[label] = color
    return colors


def _stems(folder: Path) -> list[str]:
    return [file.stem for file in folder.glob("*.png") if not file.name.startswith(".")]


def _picture(name: str, wanted: Wanted, values: dict[Color, int]) -> Picture:
    root, where = wanted.source, f"{wanted.source}: image {told(name)}"
    relative(f"{name}.png", where)
    folder = wanted.images or root / "JPEGImages"
    suffix = next((end for end in SUFFIXES if (folder / f"{name}{end}").is_file()), SUFFIXES[0])
    painter = Mask(
        root / "SegmentationClass" / f"{name}.png",
        values,
        root / "SegmentationObject" / f"{name}.png",
        root / "Annotations" / f"{name}.xml",
        wanted.max_pixels,
    )
    return Picture(folder / f"{name}{suffix}", f"{name}{suffix}", None, painter, where)


def _difficult(file: Path) -> list[int]:
    """Numbers of the objects that are marked as difficult, in the order of the file from 1."""
    if not file.is_file():
        return []
    marks = [node.findtext("difficult", "0") for node in read_xml(file, MIB).findall("object")]
    return [number for number, mark in enumerate(marks, 1) if mark.strip() == "1"]


def _looked_up(colors: np.ndarray, values: dict[Color, int], file: Path) -> Drawn:
    weights = np.array([65536, 256, 1])
    numbers, places, counts = np.unique(
        colors.astype(np.int64) @ weights, return_inverse=True, return_counts=True
    )
    known = {int(np.dot(color, weights)): value for color, value in values.items()}
    for number, count in zip(numbers.tolist(), counts.tolist(), strict=True):
        if number not in known:
            raise ValueError(
                f"the mask {file} holds the colour #{number:06x} on {count} pixels, which is not a "
                "class; correct the file, or name the colour in labelmap.txt"
            )
    table = np.array([known[number] for number in numbers.tolist()], dtype=np.uint16)
    return table[places.reshape(colors.shape[:2])]
