"""labelme: one JSON file for each image."""

import base64
import binascii
import math
from pathlib import Path
from typing import Any, Final

import numpy as np

from segadapt.data.imports.fields import coordinate, objects, relative, ring, size_of, text, told
from segadapt.data.imports.masks import read_bitmap
from segadapt.data.imports.names import Classes
from segadapt.data.imports.pictures import VOID, Picture, Region, Regions, Source, Wanted
from segadapt.data.imports.shapes import Bitmap, Ellipse, Polygons, Shape
from segadapt.text.bounded import MIB, read_object

LIMIT: Final = 512 * MIB
"""Bytes of a file; labelme puts the image into it."""

VOIDS: Final = ("__ignore__",)
"""Labels that labelme's own exporters ignore."""

FLAGS: Final = ("difficult", "crowd", "iscrowd", "ignore")
"""Flags of a shape that is ignored."""

Node = dict[str, Any]


def read(wanted: Wanted) -> Source:
    """Read all JSON files of a folder, and of the folders in it.

    Raises:
        ValueError: If something in them is not as it should be; names file and shape.
    """
    if not wanted.source.is_dir():
        raise ValueError(f"{wanted.source} is not a folder; pass the one with labelme's JSON files")
    files = sorted(file for file in wanted.source.rglob("*.json") if _shown(file, wanted.source))
    if not files:
        raise ValueError(f"{wanted.source} holds no JSON file; pass the folder of labelme's files")
    nodes = {file: _without_image(read_object(file, LIMIT)) for file in files}
    labels = sorted(
        {
            text(shape, "label", _where(file, number))
            for file, node in nodes.items()
            for number, shape in enumerate(objects(node, "shapes", str(file)))
        }
    )
    classes = Classes(labels, wanted, VOIDS)
    pictures = [_picture(file, node, classes, wanted) for file, node in nodes.items()]
    return Source(classes.names, pictures, files, classes.colors({}))


def _shown(file: Path, folder: Path) -> bool:
    return not any(part.startswith(".") for part in file.relative_to(folder).parts)


def _without_image(node: Node) -> Node:
    return {key: value for key, value in node.items() if key != "imageData"}


def _where(file: Path, number: int) -> str:
    return f"{file}: shape {number + 1}"


def _picture(file: Path, node: Node, classes: Classes, wanted: Wanted) -> Picture:
    """The image of a labelme file: next to it, or in ``images``, whatever path it states."""
    where = str(file)
    path = text(node, "imagePath", where).replace("\\", "/")
    below = file.parent.relative_to(wanted.source)
    name = relative((below / path.rpartition("/")[2]).as_posix(), where)
    image = (wanted.images or wanted.source) / name
    keys = ("imageHeight", "imageWidth")
    stated = any(node.get(key) is not None for key in keys)
    size = size_of(node, where, keys) if stated else None
    regions = [
        _region(shape, _where(file, number), classes, wanted.max_pixels)
        for number, shape in enumerate(node["shapes"])
    ]
    painter = Regions(regions, classes.background, wanted.overlap)
    return Picture(image, name, size, painter, where)


def _region(node: Node, where: str, classes: Classes, max_pixels: int) -> Region:
    flags = node.get("flags") or {}
    if not isinstance(flags, dict):
        raise ValueError(f"{where}: flags is {told(flags)}, not an object")
    skipped = any(flags.get(name) is True for name in FLAGS)
    value = VOID if skipped else classes.value(text(node, "label", where))
    return Region(value, _shape(node, where, max_pixels), where)


def _shape(node: Node, where: str, max_pixels: int) -> Shape:
    points = node.get("points")
    if not isinstance(points, list) or not all(
        isinstance(point, list) and len(point) == 2 for point in points
    ):
        raise ValueError(f"{where}: points is {told(points)}; give a list of [x, y]")
    flat = [coordinate(value, where) for point in points for value in point]
    match node.get("shape_type", "polygon"), flat:
        case "polygon", _:
            return Polygons((ring(flat, where),))
        case "rectangle", [x0, y0, x1, y1]:
            return Polygons((np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]]),))
        case "circle", [x0, y0, x1, y1] if (x0, y0) != (x1, y1):
            radius = math.hypot(x1 - x0, y1 - y0)
            return Ellipse((x0, y0), (radius, radius))
        case "mask", [x0, y0, _, _]:
            return _bitmap(node.get("mask"), (x0, y0), where, max_pixels)
    raise ValueError(
        f"{where} is a {told(node.get('shape_type'))} of {len(points)} points, which covers no "
        "area; draw it as a polygon, rectangle, circle or mask, or remove it"
    )


def _bitmap(content: Any, corner: tuple[float, float], where: str, max_pixels: int) -> Bitmap:
    """A mask in base64, whose pixels above 0 belong to the shape."""
    try:
        data = base64.b64decode(content, validate=True)
    except (TypeError, ValueError, binascii.Error):
        raise ValueError(f"{where}: its mask is not base64; export it again") from None
    name = f"{where}: its mask"
    return Bitmap(round(corner[1]), round(corner[0]), read_bitmap(data, name, max_pixels))
