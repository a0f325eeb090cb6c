"""MIoU of student, coarse branch and oracle while a network trains (CAC Fig. 4)."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from segadapt.analysis.comparison.results import curve
from segadapt.analysis.style import STYLE, arm_looks, legend_below, single_axes

BRANCHES: Final[Mapping[str, tuple[str, Any, Any]]] = {
    "student": ("val/miou", "-", "full"),
    "oracle": ("val/miou_oracle", "--", "none"),
    "coarse": ("val/miou_coarse", ":", "bottom"),
}
"""Column of metrics.csv, line and marker filling of each branch."""

Curves = dict[str, list[tuple[int, float]]]


def branch_curves(folder: Path) -> Curves:
    """Pairs (optimiser step, mIoU as a fraction) at each validation, for the branches of a run."""
    curves = {branch: curve(folder, column) for branch, (column, *_) in BRANCHES.items()}
    return {branch: points for branch, points in curves.items() if points}


@mpl.rc_context(dict(STYLE))
def curves_figure(runs: Mapping[str, Curves]) -> Figure:
    """Curves with a colour and marker for each run, and a line and filling for each branch.

    Raises:
        ValueError: If no run was validated.
    """
    if not any(runs.values()):
        raise ValueError(f"metrics.csv of {', '.join(runs)} holds no validation; train longer")
    figure, axes = single_axes(2.2)
    looks = arm_looks(runs)
    for name, curves in runs.items():
        for branch, points in curves.items():
            steps, values = zip(*points, strict=True)
            percent = [100 * value for value in values]
            axes.plot(steps, percent, **_drawn(branch), **looks[name].points)
    axes.set(xlabel="optimiser steps", ylabel="validation mIoU (%)")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(axis="y", alpha=0.3, linewidth=0.5)
    names = [Line2D([], [], label=name, **look.points) for name, look in looks.items()]
    seen = [branch for branch in BRANCHES if any(branch in curves for curves in runs.values())]
    lines = [Line2D([], [], color="0.3", marker="o", label=b, **_drawn(b)) for b in seen]
    legend_below(figure, "", 3, [*names, *lines])
    return figure


def _drawn(branch: str) -> dict[str, Any]:
    _, line, filling = BRANCHES[branch]
    return {"linestyle": line, "fillstyle": filling}
