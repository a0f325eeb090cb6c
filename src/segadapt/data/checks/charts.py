"""Figures of a data set: distribution of its classes, and examples of training inputs."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from jaxtyping import Integer, UInt8
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from segadapt.data.checks.census import Census
from segadapt.data.drawing import Picture, occurring
from segadapt.text.borders import figure_names, figure_text

OPACITY: Final = 0.6
"""Opacity of the colours of the classes over the image."""

LISTED: Final = 40
"""Classes that a legend has room for."""

WRITTEN: Final = 30
"""Classes up to which a map has room for names and numbers."""

MANY: Final = 64
"""Number of classes above which only some are drawn by name."""

LEAST: Final = 0.1
"""Largest start of the colour scale of a map, in percent."""


class Tile(NamedTuple):
    """An image with its label map and title."""

    title: str
    image: Picture
    label: Integer[np.ndarray, "_ _"] | None
    """None: the image is shown alone."""


def distribution(census: Census, title: str) -> Figure:
    """Pixels of each class, and the fraction of the images of one class in which another occurs.

    Of many classes, the bars are those with the most and with the fewest pixels.
    """
    k = len(census.classes)
    order = np.arange(k)
    if k > MANY:
        order = np.argsort(-census.pixels, kind="stable")
        order = np.concatenate([order[: MANY // 2], order[-MANY // 2 :]])
    side = max(4.0, 0.16 * len(order))
    figure = Figure(figsize=(side + 5.5, side + 0.8), layout="constrained")
    bars, matrix = figure.subplots(1, 2, width_ratios=(4, side))
    share = 100 * census.pixels / max(census.pixels.sum(), 1)
    bars.barh(range(len(order)), share[order], color="tab:blue")
    bars.set(xlabel="% of the labelled pixels", ylim=(len(order) - 0.5, -0.5))
    if k > MANY:
        bars.set_title(f"most and fewest pixels: {len(order)} of {k} classes", fontsize=8)
    if census.pixels.any():
        bars.set_xscale("log")
        bars.xaxis.set_major_formatter("{x:g}")
    absent = set(census.absent)
    names = figure_names(
        f"{name} (no pixel)" if name in absent else name for name in census.classes
    )
    bars.set_yticks(range(len(order)), [names[i] for i in order], fontsize=7)
    _draw_together(matrix, census)
    figure.suptitle(figure_text(title, 120))
    return figure


def _draw_together(axes: Axes, census: Census) -> None:
    """Co-occurrence of classes (rows and columns); pairs that never occur together are grey."""
    k = len(census.classes)
    alone = np.maximum(census.together.diagonal(), 1)[:, None]
    shares = np.where(census.together > 0, 100 * census.together / alone, np.nan)
    lowest = float(np.nanmin(shares)) if census.together.any() else 100.0
    # The scale spans what there is: where classes nearly always meet, all else is one colour.
    norm = LogNorm(min(max(lowest, LEAST), 99.0), 100.0, clip=True)
    colors = colormaps["viridis"].with_extremes(bad="0.85")
    masked = np.ma.masked_invalid(shares)
    drawn = axes.imshow(masked, norm=norm, cmap=colors, aspect="auto", interpolation="nearest")
    everywhere = k > 1 and lowest == 100.0 and bool(census.together.all())
    note = "every class is in every image" if everywhere else "grey: never in one image"
    axes.set_title(f"% of the row's images that show the column's class too\n({note})", fontsize=8)
    axes.set_yticks([])
    if k > WRITTEN:
        axes.set_xlabel("the column's class (number)")
    else:
        axes.set_xticks(range(k), figure_names(census.classes), rotation=90, fontsize=7)
        for (row, column), share in np.ndenumerate(shares):
            text = "" if np.isnan(share) else f"{share:.0f}"
            shade = "white" if norm(share) < 0.5 else "black"
            axes.text(column, row, text, ha="center", va="center", fontsize=6, color=shade)
    bar = axes.figure.colorbar(drawn, ax=axes, format="{x:g} %")
    bar.ax.yaxis.set_minor_formatter("{x:g} %")


def contact_sheet(
    rows: Sequence[Sequence[Tile]], classes: Sequence[str], colors: UInt8[np.ndarray, "k 3"]
) -> Figure:
    """Rows of images overlaid with the colours of their labels, and a legend of the classes."""
    columns = max(len(row) for row in rows)
    figure = Figure(figsize=(3 * columns, 2.6 * len(rows) + 1), layout="constrained")
    grid = figure.subplots(len(rows), columns, squeeze=False)
    for axes, row in zip(grid, rows, strict=True):
        for axis, tile in zip(axes, row, strict=True):
            axis.imshow(overlaid(tile, colors))
            axis.set_title(figure_text(tile.title), fontsize=7)
            axis.set_axis_off()
    labels = occurring([tile.label for row in rows for tile in row if tile.label is not None])
    numbers = [number for number in labels if number < len(classes)]
    handles = [
        Patch(color=colors[k] / 255, label=figure_text(classes[k])) for k in numbers[:LISTED]
    ]
    more = f"; {len(numbers) - LISTED} more classes occur" if len(numbers) > LISTED else ""
    title = f"labels over the image, which shows through where they are ignored{more}"
    figure.legend(
        handles=handles,
        title=title,
        loc="outside lower center",
        ncols=2 * columns,
        fontsize=6,
        title_fontsize=7,
    )
    return figure


def without_repeats(rows: Sequence[Sequence[Tile]]) -> list[list[Tile]]:
    """Remove columns that equal an earlier column in every row.

    A validation image looks the same however often it is drawn.
    """
    kept: list[int] = []
    for column in range(len(rows[0])):
        if not any(all(_same(row[column], row[other]) for row in rows) for other in kept):
            kept.append(column)
    return [[row[column] for column in kept] for row in rows]


def _same(one: Tile, other: Tile) -> bool:
    if one.label is None or other.label is None:
        return False
    return np.array_equal(one.image, other.image) and np.array_equal(one.label, other.label)


def overlaid(tile: Tile, colors: UInt8[np.ndarray, "k 3"]) -> Picture:
    """The image overlaid with the colours of its classes; ignored pixels are unchanged."""
    if tile.label is None:
        return tile.image
    labelled = (tile.label < len(colors))[..., None]
    painted = colors[np.where(tile.label < len(colors), tile.label, 0)]
    mixed = OPACITY * painted + (1 - OPACITY) * tile.image
    return np.where(labelled, mixed, tile.image).astype(np.uint8)
