"""COCO: instances as polygons and run lengths, and panoptic masks."""

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

from segadapt.data.imports.fields import identity, objects, relative, ring, size_of, text, told
from segadapt.data.imports.names import Classes
from segadapt.data.imports.panoptic import panoptic_painter
from segadapt.data.imports.pictures import VOID, Painter, Picture, Region, Regions, Source, Wanted
from segadapt.data.imports.shapes import Polygons, Runs, Shape
from segadapt.data.label_table.table import Color
from segadapt.text.bounded import MIB, read_object

LIMIT: Final = 2048 * MIB
"""Bytes of a file; the largest of COCO has 450 MiB."""

MOST: Final = 2**40
"""Pixels of a run."""

Identity = int | str
Node = dict[str, Any]


def read(wanted: Wanted) -> Source:
    """Read a file of instances, or of panoptic segments.

    Raises:
        ValueError: If an entry is invalid; names the file and the annotation.
    """
    file, name = wanted.source, str(wanted.source)
    content = read_object(file, LIMIT)
    categories = _by_id(objects(content, "categories", name), f"{name}: category")
    labels = {key: text(one, "name", f"{name}: category {key}") for key, one in categories.items()}
    images = _by_id(objects(content, "images", name), f"{name}: image")
    annotations = objects(content, "annotations", name)
    panoptic = any("segments_info" in one for one in annotations)
    held = _by_image(annotations, images, name)
    classes = Classes(labels.values(), wanted, background=not panoptic)
    values = {key: classes.value(label) for key, label in labels.items()}
    files, pictures = [file], []
    painter: Painter
    for key, node in images.items():
        where = f"{name}: image {key}"
        if panoptic:
            painter, mask = panoptic_painter(held.get(key, []), values, wanted, where)
            files.append(mask)
        else:
            painter = Regions(
                [_region(one, values, name) for one in held.get(key, [])],
                classes.background,
                wanted.overlap,
            )
        pictures.append(_picture(node, painter, wanted, where))
    drawn = {labels[key]: _color(one, f"{name}: category {key}") for key, one in categories.items()}
    return Source(classes.names, pictures, files, classes.colors(drawn))


def _color(node: Node, where: str) -> Color | None:
    """Colour of a category in panoptic sets; None in others."""
    match node.get("color"):
        case None:
            return None
        case [int(red), int(green), int(blue)] if all(0 <= c < 256 for c in (red, green, blue)):
            return red, green, blue
    raise ValueError(
        f"{where}: color is {told(node['color'])}; write [red, green, blue] from 0 to 255"
    )


def _by_id(nodes: list[Node], what: str) -> dict[Identity, Node]:
    """Objects by their ids, of which no two are equal."""
    by_id: dict[Identity, Node] = {}
    for number, node in enumerate(nodes):
        key = identity(node, "id", f"{what} number {number + 1}")
        if key in by_id:
            raise ValueError(f"{what} {key} occurs twice; give each a unique id")
        by_id[key] = node
    return by_id


def _by_image(
    annotations: list[Node], images: Mapping[Identity, Node], name: str
) -> dict[Identity, list[Node]]:
    """Annotations by their image, in their order."""
    held: dict[Identity, list[Node]] = defaultdict(list)
    seen: set[Identity] = set()
    for number, node in enumerate(annotations):
        where = f"{name}: annotation number {number + 1}"
        if "segments_info" not in node:
            key = identity(node, "id", where)
            where = f"{name}: annotation {key}"
            if key in seen:
                raise ValueError(f"{where} occurs twice; give each a unique id")
            seen.add(key)
        image = identity(node, "image_id", where)
        if image not in images:
            raise ValueError(f"{where} is of image {told(image)}, which is not listed; correct it")
        held[image].append(node)
    return held


def _picture(node: Node, painter: Painter, wanted: Wanted, where: str) -> Picture:
    folder = wanted.images or wanted.source.parent
    file_name = relative(text(node, "file_name", where), where)
    size = size_of(node, where, ("height", "width"))
    return Picture(Path(folder) / file_name, file_name, size, painter, where)


def _region(node: Node, values: Mapping[Identity, int], name: str) -> Region:
    where = f"{name}: annotation {node['id']}"
    category = identity(node, "category_id", where)
    if category not in values:
        raise ValueError(
            f"{where} is of category {told(category)}, which is not listed; correct it"
        )
    crowd = node.get("iscrowd", 0)
    if crowd not in (0, 1):
        raise ValueError(f"{where}: iscrowd is {told(crowd)}; write 0 or 1")
    value = VOID if crowd else values[category]
    return Region(value, _shape(node.get("segmentation"), where), where)


def _shape(node: Any, where: str) -> Shape:
    match node:
        case [_, *_]:
            return Polygons(tuple(ring(flat, where) for flat in node))
        case {"counts": str(counts), "size": size}:
            return Runs(counts, _size(size, where))
        case {"counts": [_, *_] as counts, "size": size}:
            for run in counts:
                if isinstance(run, bool) or not isinstance(run, int) or not 0 <= run <= MOST:
                    raise ValueError(f"{where}: a run of {told(run)} pixels; correct its counts")
            return Runs(np.array(counts, dtype=np.int64), _size(size, where))
    raise ValueError(
        f"{where}: segmentation is {told(node) if node != [] else 'empty'}; give polygons, or run "
        "lengths with counts and size"
    )


def _size(node: Any, where: str) -> tuple[int, int]:
    if not isinstance(node, list) or len(node) != 2:
        raise ValueError(f"{where}: size is {told(node)}; give [height, width]")
    return size_of({"height": node[0], "width": node[1]}, where, ("height", "width"))
