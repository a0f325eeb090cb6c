"""One colour for each class, in every picture of a data set."""

from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
from jaxtyping import Float, UInt8

OKABE_ITO = (
    *((230, 159, 0), (86, 180, 233), (0, 158, 115), (240, 228, 66)),
    *((0, 114, 178), (213, 94, 0), (204, 121, 167), (153, 153, 153)),
)
"""Eight colours that are distinguishable with any colour vision (Okabe and Ito, 2008)."""

DEUTERANOPIA = np.array(
    [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]]
)
"""Matrix that simulates vision without green cones in linear RGB (Machado et al., 2009)."""


IGNORED: Final = ((0, 0, 0), (224, 224, 192), (255, 255, 255))
"""Colours for ignored pixels: the first one that no class has is used."""

APART: Final = 30.0
"""Distance in RGB below which two colours are taken for one."""


def class_colors(num_classes: int, own: Sequence[Sequence[int]] | None) -> UInt8[np.ndarray, "k 3"]:
    """The colours of a data set's classes, RGB: its own, or distinguishable ones.

    Args:
        num_classes: Number of classes.
        own: Those that the data set brings along, or None.
    """
    return palette(num_classes) if own is None else np.array(own, dtype=np.uint8)


def completed(
    colors: Sequence[tuple[int, int, int] | None] | None,
) -> tuple[tuple[int, int, int], ...] | None:
    """The colours of a label table, completed by ours; None if it has no colours."""
    if colors is None:
        return None
    ours = palette(len(colors)).tolist()
    pairs = zip(colors, ours, strict=True)
    return tuple((r, g, b) if own is None else own for own, (r, g, b) in pairs)


def ignored_color(colors: UInt8[np.ndarray, "k 3"]) -> tuple[int, int, int]:
    """The colour of ignored pixels: black, unless a class is black (the background of VOC is).

    Args:
        colors: Those of the classes.
    """
    nearest = [
        np.linalg.norm(colors.astype(float) - candidate, axis=1).min(initial=np.inf)
        for candidate in IGNORED
    ]
    free = [candidate for candidate, d in zip(IGNORED, nearest, strict=True) if d >= APART]
    return free[0] if free else IGNORED[int(np.argmax(nearest))]


def palette(num_classes: int) -> UInt8[np.ndarray, "k 3"]:
    """RGB colours that stay apart, with and without green cones.

    Okabe and Ito's eight, then always the colour of a grid that is farthest from those before it,
    and from black, which stands for ignored pixels.
    """
    grid = np.stack(np.meshgrid(*[np.linspace(64, 255, 8)] * 3), -1).reshape(-1, 3)
    pool = np.concatenate([OKABE_ITO, grid]).astype(np.uint8)
    views = [_lab(pool / 255), _lab(_without_green_cones(pool / 255))]
    chosen: list[int] = []
    nearest = np.minimum.reduce([np.linalg.norm(view, axis=1) for view in views])
    for k in range(num_classes):
        new = k if k < len(OKABE_ITO) else int(nearest.argmax())
        chosen.append(new)
        apart = [np.linalg.norm(view - view[new], axis=1) for view in views]
        nearest = np.minimum.reduce([nearest, *apart])
    return pool[chosen]


def _lab(rgb: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, "n 3"]:
    """CIELAB, in which distances are about those that people see."""
    return cv2.cvtColor(rgb.astype(np.float32)[None], cv2.COLOR_RGB2LAB)[0]


def _without_green_cones(rgb: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, "n 3"]:
    return ((rgb**2.2) @ DEUTERANOPIA.T).clip(0, 1) ** (1 / 2.2)
