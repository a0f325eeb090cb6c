"""CVAT for images 1.1: one XML file with all images."""

import math
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Final

import numpy as np

from segadapt.data.imports.bounded_xml import read_xml
from segadapt.data.imports.fields import coordinate, relative, size_of, told
from segadapt.data.imports.names import Classes
from segadapt.data.imports.pictures import VOID, Picture, Region, Regions, Source, Wanted
from segadapt.data.imports.shapes import Bitmap, Ellipse, Polygons, Shape
from segadapt.data.label_table.entries import parsed_color
from segadapt.data.label_table.table import Color
from segadapt.data.prepare.run_lengths import filled
from segadapt.text.bounded import MIB

LIMIT: Final = 1024 * MIB

SKIPPED: Final = ("difficult", "crowd", "iscrowd", "ignore")
"""Attributes of a shape that is ignored, where they are true."""

MOST: Final = 2**40
"""Pixels of a run."""


def read(wanted: Wanted) -> Source:
    """Read a file of annotated images.

    Raises:
        ValueError: If an entry is invalid; names the file, the image and the shape.
    """
    root, name = read_xml(wanted.source, LIMIT), str(wanted.source)
    if root.tag != "annotations":
        raise ValueError(f"{name} is not a file of CVAT, but of {told(root.tag)}")
    if root.find("track") is not None:
        raise ValueError(f"{name} holds tracks of a video; export it as 'CVAT for images 1.1'")
    images = root.findall("image")
    listed = [node.text for node in root.findall("meta//label/name") if node.text]
    used = {label for image in images for shape in image if (label := shape.get("label"))}
    labels = [*dict.fromkeys(listed), *sorted(used - set(listed))] if listed else sorted(used)
    classes = Classes(labels, wanted)
    pictures = [
        _picture(node, classes, wanted, f"{name}: image {told(node.get('name'))}")
        for node in images
    ]
    return Source(classes.names, pictures, [wanted.source], classes.colors(_colors(root, name)))


def _colors(root: ET.Element, name: str) -> dict[str, Color]:
    """Colours with which CVAT draws labels."""
    colors = {}
    for node in root.findall("meta//label"):
        label, color = node.findtext("name"), (node.findtext("color") or "").strip()
        if label and color:
            try:
                colors[label] = parsed_color(color)
            except ValueError as error:
                raise ValueError(f"{name}: label {told(label)}: {error}") from error
    return colors


def _picture(node: ET.Element, classes: Classes, wanted: Wanted, where: str) -> Picture:
    name = relative(_text(node, "name", where), where)
    numbers = {key: _whole(node, key, where) for key in ("height", "width")}
    size = size_of(numbers, where, ("height", "width"))
    order = sorted(node, key=lambda shape: _whole(shape, "z_order", where, "0"))
    places = {shape: f"{where}, shape {number}" for number, shape in enumerate(node, 1)}
    regions = [_region(shape, classes, places[shape]) for shape in order]
    painter = Regions(regions, classes.background, wanted.overlap)
    image = Path(wanted.images or wanted.source.parent) / name
    return Picture(image, name, size, painter, where)


def _region(node: ET.Element, classes: Classes, where: str) -> Region:
    label = _text(node, "label", where)
    skipped = any(
        one.get("name") in SKIPPED and (one.text or "").strip().lower() in ("true", "1", "yes")
        for one in node.findall("attribute")
    )
    return Region(VOID if skipped else classes.value(label), _shape(node, where), where)


def _shape(node: ET.Element, where: str) -> Shape:
    match node.tag:
        case "polygon":
            return Polygons((_points(node, where),))
        case "box":
            left, top, right, bottom = (
                _number(node, key, where) for key in ("xtl", "ytl", "xbr", "ybr")
            )
            corners = np.array([[left, top], [right, top], [right, bottom], [left, bottom]])
            return Polygons((_turned(corners, _number(node, "rotation", where, "0")),))
        case "ellipse":
            x, y, across, along = (_number(node, key, where) for key in ("cx", "cy", "rx", "ry"))
            if min(across, along) <= 0:
                raise ValueError(f"{where}: an ellipse with a radius of 0 or less; correct it")
            return Ellipse((x, y), (across, along), _number(node, "rotation", where, "0"))
        case "mask":
            return _bitmap(node, where)
    raise ValueError(
        f"{where} is a {told(node.tag)}, which covers no area; draw it as a polygon, box, ellipse "
        "or mask, or remove it"
    )


def _points(node: ET.Element, where: str) -> np.ndarray:
    pairs = [pair.split(",") for pair in _text(node, "points", where).split(";")]
    if len(pairs) < 3 or any(len(pair) != 2 for pair in pairs):
        raise ValueError(f"{where}: a polygon of {len(pairs)} points; give x,y;x,y;x,y or more")
    return np.array([[_float(value, where) for value in pair] for pair in pairs])


def _turned(corners: np.ndarray, degrees: float) -> np.ndarray:
    """Corners turned clockwise about their middle."""
    if degrees == 0:
        return corners
    turn, middle = math.radians(degrees), corners.mean(0)
    rotation = np.array([[math.cos(turn), math.sin(turn)], [-math.sin(turn), math.cos(turn)]])
    return (corners - middle) @ rotation + middle


def _bitmap(node: ET.Element, where: str) -> Bitmap:
    """Run lengths of a box, row by row."""
    numbers = {key: _whole(node, key, where) for key in ("top", "left", "height", "width")}
    height, width = size_of(numbers, where, ("height", "width"))
    runs = [part.strip() for part in _text(node, "rle", where).split(",")]
    if wrong := next((run for run in runs if not (run.isdecimal() and len(run) <= 12)), None):
        raise ValueError(f"{where}: a run of {told(wrong)} pixels; correct its rle")
    if height * width > MOST:
        raise ValueError(f"{where}: a mask of {height} x {width} pixels; correct its size")
    try:
        mask = filled(np.array([int(run) for run in runs], dtype=np.int64), height, width)
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from error
    return Bitmap(numbers["top"], numbers["left"], mask.reshape(height, width))


def _text(node: ET.Element, key: str, where: str) -> str:
    value = node.get(key)
    if not value:
        raise ValueError(f"{where} has no {key}; export the annotations again")
    return value


def _whole(node: ET.Element, key: str, where: str, default: str | None = None) -> int:
    value = node.get(key, default)
    digits = (value or "").removeprefix("-")
    if value is None or not (digits.isdecimal() and len(digits) <= 12):
        raise ValueError(f"{where}: {key} is {told(value)}; give a whole number")
    return int(value)


def _number(node: ET.Element, key: str, where: str, default: str | None = None) -> float:
    value = node.get(key, default)
    if value is None:
        raise ValueError(f"{where} has no {key}; export the annotations again")
    return _float(value, where)


def _float(value: str, where: str) -> float:
    try:
        number = float(value)
    except ValueError:
        raise ValueError(f"{where}: the coordinate {told(value)} is not a number") from None
    return coordinate(number, where)
