"""COCO's panoptic masks: PNGs whose colours are numbers of segments."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from segadapt.data.imports.fields import identity, objects, relative, text, told, whole
from segadapt.data.imports.masks import read_colors
from segadapt.data.imports.pictures import VOID, Drawn, Painter, Wanted
from segadapt.data.imports.shapes import Size


@dataclass(frozen=True)
class Panoptic(Painter):
    """A mask whose pixel of red r, green g and blue b is of segment r + 256 g + 65536 b.

    Segment 0 is not annotated, and ignored.
    """

    file: Path
    values: Mapping[int, int]
    max_pixels: int
    where: str

    def label(self, size: Size) -> Drawn:
        colors = read_colors(self.file, self.max_pixels)
        if colors.shape[:2] != size:
            raise ValueError(
                f"{self.where}: the mask {self.file} has {colors.shape[0]} x {colors.shape[1]} "
                f"pixels, but the image has {size[0]} x {size[1]}"
            )
        numbers, places = np.unique(
            colors.astype(np.int64) @ np.array([1, 256, 65536]), return_inverse=True
        )
        known = {**self.values, 0: VOID}
        if unknown := [number for number in numbers.tolist() if number not in known]:
            raise ValueError(
                f"{self.where}: the mask {self.file} holds segment {unknown[0]}, which "
                "segments_info does not list; correct one of them"
            )
        table = np.array([known[number] for number in numbers.tolist()], dtype=np.uint16)
        return table[places.reshape(size)]


def panoptic_painter(
    nodes: list[dict[str, Any]], values: Mapping[Any, int], wanted: Wanted, where: str
) -> tuple[Panoptic, Path]:
    """The mask of an image.

    Args:
        nodes: Its annotations, of which there must be one.
        values: By categories.
        wanted: The request.
        where: The image's name in errors.

    Raises:
        ValueError: If there is no mask, or a segment is not as it should be.
    """
    if len(nodes) != 1:
        raise ValueError(f"{where} has {len(nodes)} panoptic annotations; give it one")
    folder = wanted.masks or wanted.source.with_suffix("")
    file = folder / relative(text(nodes[0], "file_name", where), where)
    held: dict[int, int] = {}
    for segment in objects(nodes[0], "segments_info", where):
        number = whole(segment, "id", where, least=1)
        place = f"{where}, segment {number}"
        if number in held:
            raise ValueError(f"{place} occurs twice; give each a unique id")
        category = identity(segment, "category_id", place)
        if category not in values:
            raise ValueError(f"{place} is of category {told(category)}, which is not listed")
        held[number] = VOID if segment.get("iscrowd", 0) else values[category]
    return Panoptic(file, held, wanted.max_pixels, where), file
