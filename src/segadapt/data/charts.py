"""Figures about a data set: how its classes are distributed, and what training sees of it."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Integer, UInt8
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from segadapt.data.census import Census
from segadapt.structures import IGNORE

Picture = UInt8[np.ndarray, "_ _ 3"]

OPACITY = 0.6
"""Of the classes' colours over the image."""


class Tile(NamedTuple):
    """An image with its label map, and what to write above it."""

    title: str
    image: Picture
    label: Integer[np.ndarray, "_ _"]


def distribution(census: Census, title: str) -> Figure:
    """Pixels of each class, and in which share of the images of one class another occurs."""
    k = len(census.classes)
    side = max(4.0, 0.16 * k)
    figure = Figure(figsize=(side + 5, side), layout="constrained")
    bars, matrix = figure.subplots(1, 2, width_ratios=(4, side))
    bars.barh(range(k), census.pixels / max(census.pixels.sum(), 1), color="tab:blue")
    bars.set(xlabel="share of the labelled pixels", ylim=(k - 0.5, -0.5))
    if census.pixels.any():
        bars.set_xscale("log")
    bars.set_yticks(range(k), census.classes, fontsize=7)
    alone = np.maximum(census.together.diagonal(), 1)[:, None]
    shares = np.where(census.together > 0, census.together / alone, np.nan)
    shown = matrix.imshow(shares, norm=LogNorm(1e-3, 1), aspect="auto", interpolation="nearest")
    matrix.set(xlabel="the other class (number)", title="share of a class's images with another")
    matrix.set_yticks([])
    figure.colorbar(shown, ax=matrix)
    figure.suptitle(title)
    return figure


def contact_sheet(
    rows: Sequence[Sequence[Tile]], classes: Sequence[str], colors: UInt8[np.ndarray, "k 3"]
) -> Figure:
    """Rows of images, each under its labels' colours, and a legend of the classes that occur."""
    columns = max(len(row) for row in rows)
    figure = Figure(figsize=(3 * columns, 2.6 * len(rows) + 1), layout="constrained")
    grid = figure.subplots(len(rows), columns, squeeze=False)
    for axes, row in zip(grid, rows, strict=True):
        for axis, tile in zip(axes, row, strict=True):
            axis.imshow(overlaid(tile, colors))
            axis.set_title(tile.title, fontsize=7)
            axis.set_axis_off()
    occurring = np.unique(np.concatenate([tile.label.ravel() for row in rows for tile in row]))
    numbers = [int(number) for number in occurring if number != IGNORE][:40]
    handles = [Patch(color=colors[number] / 255, label=classes[number]) for number in numbers]
    figure.legend(handles=handles, loc="outside lower center", ncols=2 * columns, fontsize=6)
    return figure


def overlaid(tile: Tile, colors: UInt8[np.ndarray, "k 3"]) -> Picture:
    """The image under its classes' colours; where pixels are ignored it is seen as it is."""
    labelled = (tile.label != IGNORE)[..., None]
    painted = colors[np.where(tile.label == IGNORE, 0, tile.label)]
    mixed = OPACITY * painted + (1 - OPACITY) * tile.image
    return np.where(labelled, mixed, tile.image).astype(np.uint8)
