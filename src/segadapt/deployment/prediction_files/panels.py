"""Panels of the predictions of several networks for an image."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final, NamedTuple

import cv2
import numpy as np
from jaxtyping import UInt, UInt8

from segadapt.data.drawing import GAP, SWATCH, Picture, caption, legend, occurring, painted
from segadapt.data.hatching import FALLING, LEVEL, RISING, Hatching, hatched, mark
from segadapt.data.palette import ignored_color
from segadapt.deployment.inputs.images import Pixels
from segadapt.structures import ignored_label

SIDE: Final = 640
"""Pixels of the longer side of a tile at most."""

AGREE: Final = 0.35
"""Fraction of the image's brightness where networks agree."""

DIFFER, FIRST, SECOND, NEITHER = LEVEL, RISING, FALLING, LEVEL
"""Stripes where they differ: orange or, with labels, blue and green for the correct one."""

STRIPE: Final = 4
"""Width of a stripe, in pixels of the panel."""

Mark = tuple[str, Hatching]

Mask = UInt[np.ndarray, "H W"]


class Tile(NamedTuple):
    """One picture of a panel."""

    title: str
    picture: Picture
    exact: bool = False
    """Whether its colours mean something, and must not be mixed."""


def difference(
    image: Pixels,
    names: Sequence[str],
    first: Mask,
    second: Mask,
    mask: Mask | None,
    num_classes: int,
) -> tuple[Tile, list[Mark]]:
    """A tile with the difference of two label maps, and the legend of its stripes.

    Args:
        image: RGB; it is shown dimmed where they agree.
        names: Names of the two maps.
        first: One of them.
        second: The other.
        num_classes: Number of classes.
        mask: Labels; with them it is shown which of the two is right.
    """
    apart = first != second
    kinds = {f"{names[0]} and {names[1]} differ": (apart, DIFFER)}
    if mask is not None:
        apart &= mask != ignored_label(num_classes)
        right, other = first == mask, second == mask
        kinds = {
            f"only {names[0]} is right": (apart & right, FIRST),
            f"only {names[1]} is right": (apart & other, SECOND),
            "both are wrong, and differ": (apart & ~right & ~other, NEITHER),
        }
    picture = cv2.addWeighted(image, AGREE, np.full_like(image, 255), 1 - AGREE, 0)
    width = STRIPE / _scale(picture)
    for where, hatching in kinds.values():
        mark(picture, where, hatching, width)
    share = 100 * float(apart.mean())
    return Tile(f"difference: {share:.1f} % of pixels", picture), [
        (name, hatching) for name, (_, hatching) in kinds.items()
    ]


def panel(
    image: Pixels,
    maps: Mapping[str, Mask],
    classes: Sequence[str],
    colors: UInt8[np.ndarray, "k 3"],
    compared: tuple[str, str] | None = None,
    mask: Mask | None = None,
    notes: Mapping[str, str] = MappingProxyType({}),
) -> Picture:
    """An image, label maps by title, and the difference of two of them, above a legend.

    Args:
        image: RGB.
        maps: Classes of each pixel by name.
        notes: Text to add to the titles of some maps.
        classes: Class names in order.
        colors: RGB colours of the classes.
        compared: Titles of two maps whose difference is shown.
        mask: Labels, for the difference.
    """
    tiles = [Tile("image", image)]
    tiles += [
        Tile(title + notes.get(title, ""), painted(labels, colors), exact=True)
        for title, labels in maps.items()
    ]
    entries = [
        (classes[k], tuple(colors[k].tolist()))
        if k < len(classes)
        else ("ignored", ignored_color(colors))
        for k in occurring(list(maps.values()))
    ]
    marks: list[Mark] = []
    if compared is not None:
        first, second = (maps[name] for name in compared)
        tile, marks = difference(image, compared, first, second, mask, len(classes))
        tiles.append(tile)
    sheet = _grid(tiles)
    width = sheet.shape[1]
    stripes = [(name, hatched(SWATCH, hatching, STRIPE)) for name, hatching in marks]
    below = [legend(part, width) for part in (entries, stripes) if part]
    return np.concatenate([sheet, *below])


def _grid(tiles: Sequence[Tile]) -> Picture:
    """Tiles in rows of two or three, each below its title."""
    columns = 2 if len(tiles) <= 4 else 3
    cells = [_cell(tile) for tile in tiles]
    cells += [np.full_like(cells[0], 255)] * (-len(cells) % columns)
    rows = [np.concatenate(cells[i : i + columns], axis=1) for i in range(0, len(cells), columns)]
    return np.concatenate(rows)


def _cell(tile: Tile) -> Picture:
    scale = _scale(tile.picture)
    height, width = (max(round(side * scale), 1) for side in tile.picture.shape[:2])
    interpolation = cv2.INTER_NEAREST if tile.exact else cv2.INTER_AREA
    small = cv2.resize(tile.picture, (width, height), interpolation=interpolation)
    wide = max(width, 160)
    framed = np.full((height + GAP, wide + GAP, 3), 255, dtype=np.uint8)
    framed[:height, :width] = small
    return np.concatenate([caption(tile.title, wide + GAP), framed])


def _scale(picture: Picture) -> float:
    """By which its tile is smaller."""
    return min(SIDE / max(picture.shape[:2]), 1)
