"""How all figures look: one column wide, told apart without colour too."""

from collections.abc import Mapping
from typing import Any, Final

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from segadapt.palette import OKABE_ITO

WIDTH: Final = 3.4
"""Inches: a column of a two-column page."""

DPI: Final = 200

STYLE: Final[Mapping[Any, Any]] = {
    "font.size": 8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "axes.axisbelow": True,
    "legend.frameon": False,
    "legend.fontsize": 7,
    "lines.linewidth": 1.2,
    "lines.markersize": 4,
}

COLORS: Final = [tuple(part / 255 for part in OKABE_ITO[i]) for i in (4, 5, 2, 6, 0, 1, 7)]
MARKERS: Final = ("o", "s", "^", "D", "v", "P", "X")
LINES: Final = ("-", "--", "-.", ":")


def tight() -> ConstrainedLayoutEngine:
    """Layout of a grid of pictures, which need little room between them."""
    return ConstrainedLayoutEngine(w_pad=0.02, h_pad=0.02, wspace=0.01, hspace=0.01)


def single_axes(height: float) -> tuple[Figure, Axes]:
    """A figure a column wide, with one plot.

    Args:
        height: Inches.
    """
    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    return figure, figure.add_subplot()


def legend_below(figure: Figure, entries: int) -> None:
    """A legend below the axes, where it hides no point."""
    width, height = figure.get_size_inches()
    figure.set_size_inches(width, height + 0.16 * entries)
    figure.legend(loc="outside lower left", ncols=1, borderaxespad=0.2)
