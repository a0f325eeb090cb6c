"""MIoU of student, coarse branch and oracle while a network trains (CAC Fig. 4)."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from segadapt.comparing.runs import curve
from segadapt.comparing.style import COLORS, MARKERS, STYLE, WIDTH

BRANCHES: Final[Mapping[str, tuple[str, Any]]] = {
    "student": ("val/miou", "-"),
    "oracle": ("val/miou_oracle", "--"),
    "coarse": ("val/miou_coarse", ":"),
}
"""Columns of metrics.csv, and how they are drawn."""

Curves = dict[str, list[tuple[int, float]]]


def branch_curves(folder: Path) -> Curves:
    """(optimiser step, mIoU as a fraction) at each validation, of the branches that a run has."""
    found = {branch: curve(folder, column) for branch, (column, _) in BRANCHES.items()}
    return {branch: points for branch, points in found.items() if points}


@mpl.rc_context(dict(STYLE))
def curves_figure(runs: Mapping[str, Curves]) -> Figure:
    """A colour for each run, a line style for each branch.

    Raises:
        ValueError: If no run was ever validated.
    """
    if not any(runs.values()):
        raise ValueError(f"metrics.csv of {', '.join(runs)} holds no validation; train longer")
    figure = Figure(figsize=(WIDTH, 2.2 + 0.16 * len(runs)), layout="constrained")
    axes = figure.subplots()
    styles: dict[str, dict[str, Any]] = {
        name: {"color": COLORS[i % len(COLORS)], "marker": MARKERS[i % len(MARKERS)]}
        for i, name in enumerate(runs)
    }
    for name, curves in runs.items():
        for branch, points in curves.items():
            steps, values = zip(*points, strict=True)
            percent = [100 * value for value in values]
            axes.plot(steps, percent, BRANCHES[branch][1], **styles[name])
    axes.set(xlabel="optimiser steps", ylabel="validation mIoU (%)")
    axes.grid(axis="y", alpha=0.3, linewidth=0.5)
    names = [Line2D([], [], label=name, **style) for name, style in styles.items()]
    seen = [branch for branch in BRANCHES if any(branch in curves for curves in runs.values())]
    lines = [Line2D([], [], color="0.3", linestyle=BRANCHES[b][1], label=b) for b in seen]
    figure.legend(handles=[*names, *lines], loc="outside lower center", ncols=3)
    return figure
