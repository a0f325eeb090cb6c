"""Style of all figures: one column wide, readable without colour."""

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from segadapt.data.palette import OKABE_ITO

WIDTH: Final = 3.4
"""Width of a column of a two-column page, in inches."""

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

MORE: Final = ((105, 15, 0), (0, 30, 165), (120, 120, 20), (75, 45, 75), (90, 120, 255))
"""Further colours, which are as far from those of Okabe and Ito as these are from one another, with
and without green cones."""

COLORS: Final = [
    (red / 255, green / 255, blue / 255)
    for red, green, blue in (*(OKABE_ITO[i] for i in (4, 5, 2, 6, 0, 1, 7)), *MORE)
]
MARKERS: Final = ("o", "s", "^", "D", "v", "P", "X")
LINES: Final = ("-", "--", "-.", ":")

LINE, ENTRY = 60, 50
"""Characters that fit into :data:`WIDTH`, alone and next to a legend marker."""


class Look(NamedTuple):
    """Style of one arm in every figure."""

    color: tuple[float, float, float]
    marker: str
    line: str

    @property
    def points(self) -> dict[str, Any]:
        """Colour and marker as arguments of matplotlib."""
        return {"color": self.color, "marker": self.marker}


def arm_looks(names: Iterable[str]) -> dict[str, Look]:
    """The style of each arm, by its position in the report.

    The first 12 colours are distinct, and so are the first 28 pairs of marker and line.

    Args:
        names: Labels of all arms of a report, in a fixed order.
    """
    looks = {}
    for index, name in enumerate(names):
        lap, mark = divmod(index, len(MARKERS))
        looks[name] = Look(COLORS[index % len(COLORS)], MARKERS[mark], LINES[lap % len(LINES)])
    return looks


def tight() -> ConstrainedLayoutEngine:
    """Layout of a grid of pictures, with little space between them."""
    return ConstrainedLayoutEngine(w_pad=0.02, h_pad=0.02, wspace=0.01, hspace=0.01)


def single_axes(height: float) -> tuple[Figure, Axes]:
    """A figure of one column's width with one plot.

    Args:
        height: Height in inches.
    """
    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    return figure, figure.add_subplot()


def legend_below(
    figure: Figure, note: str = "", columns: int = 1, handles: Sequence[Artist] | None = None
) -> None:
    """Add a legend below the axes, where it hides nothing; the figure grows by its height.

    Args:
        figure: Figure with labelled artists.
        note: Further explanation of the marks, above the entries.
        columns: Number of columns of the legend.
        handles: Entries of the legend; None for the labelled artists.
    """
    title = textwrap.fill(note, LINE)
    legend = figure.legend(
        **({} if handles is None else {"handles": handles}),
        title=title or None,
        loc="outside lower left",
        ncols=columns,
        alignment="left",
        borderaxespad=0.2,
        title_fontsize=7,
    )
    for text in legend.get_texts():
        text.set_text(textwrap.fill(text.get_text(), ENTRY // columns))
    entries = sum(text.get_text().count("\n") + 1 for text in legend.get_texts())
    lines = -(-entries // columns) + len(title.splitlines())
    width, height = figure.get_size_inches()
    figure.set_size_inches(width, height + 0.16 * lines)


def save_figure(figure: Figure, folder: Path, name: str) -> list[Path]:
    """Write a figure as PNG and PDF, and return the files.

    Args:
        figure: The figure.
        folder: Existing folder.
        name: Name of the files without suffix.
    """
    figure.set_dpi(DPI)
    figure.draw_without_rendering()  # after one pass of the layout engine, titles are cut off
    files = [folder / f"{name}.{ending}" for ending in ("png", "pdf")]
    for file in files:
        figure.savefig(file, dpi=DPI)
    return files
