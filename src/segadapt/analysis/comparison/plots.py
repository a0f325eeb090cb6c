"""Figures of a comparison: one column wide, readable without colour."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from segadapt.analysis.comparison.arms import Arm
from segadapt.analysis.comparison.comparison import ArmRow, Comparison
from segadapt.analysis.comparison.results import curve
from segadapt.analysis.comparison.setting_figures import (
    LAMBDA,
    PRINTED_LAMBDA,
    PRINTED_TAU,
    TAU,
    heat_map,
    setting_curve,
)
from segadapt.analysis.style import STYLE, Look, arm_looks, legend_below, save_figure, single_axes
from segadapt.text.borders import figure_names, figure_text

LONGEST: Final = 160
"""Largest number of characters in the name of an arm."""

Looks = dict[str, Look]
"""Style of each arm, by label: the same in every figure of a report."""

BARS: Final = 40
"""Largest number of classes in one figure."""


def draw(arms: Sequence[Arm], comparison: Comparison, folder: Path) -> list[Path]:
    """Draw every figure for which the arms have data.

    Args:
        arms: Arms.
        comparison: Their table, with costs if they were counted.
        folder: Folder for PNG and PDF files.

    Returns:
        The files.
    """
    folder.mkdir(parents=True, exist_ok=True)
    arms, comparison = _labelled(arms, comparison)
    looks = arm_looks(arm.label for arm in arms)
    drawings: dict[str, Callable[[], Figure | None]] = {
        "tau": lambda: setting_curve(arms, TAU, "tau", PRINTED_TAU),
        "lambda": lambda: setting_curve(arms, LAMBDA, "lambda", PRINTED_LAMBDA),
        "tau_lambda": lambda: heat_map(arms),
        "steps": lambda: step_curves(arms),
        "parameters": lambda: cost_plot(comparison, looks),
        "latency": lambda: latency_plot(comparison, looks),
        "classes": lambda: class_gains(arms, comparison.baseline),
    }
    files = []
    for name, drawing in drawings.items():
        if (figure := drawing()) is not None:
            files += save_figure(figure, folder, name)
    return files


def _labelled(arms: Sequence[Arm], comparison: Comparison) -> tuple[list[Arm], Comparison]:
    """The arms and their comparison with names that figures can show."""
    labelled = [arm._replace(label=figure_text(arm.label, LONGEST)) for arm in arms]
    rows = [row._replace(arm=figure_text(row.arm, LONGEST)) for row in comparison.rows]
    base = comparison.baseline
    baseline = None if base is None else figure_text(base, LONGEST)
    return labelled, comparison._replace(rows=rows, baseline=baseline)


@mpl.rc_context(dict(STYLE))
def step_curves(arms: Sequence[Arm]) -> Figure | None:
    """MIoU of the validations against optimiser steps, the mean over seeds.

    Args:
        arms: All arms of a report; their order decides their styles.
    """
    figure, axes = single_axes(2.2)
    looks = arm_looks(arm.label for arm in arms)
    seeds = set()
    for arm in arms:
        curves = [dict(curve(result.folder, "val/miou")) for result in arm.results]
        steps = sorted(set(curves[0]).intersection(*curves[1:]))
        if len(steps) > 1:
            means = [100 * float(np.mean([points[step] for points in curves])) for step in steps]
            look = looks[arm.label]
            axes.plot(steps, means, look.line, **look.points, label=arm.label)
            seeds.add(len(curves))
    if not seeds:
        return None
    axes.set_xlabel("optimiser steps")
    axes.set_ylabel("validation mIoU (%)")
    axes.grid(axis="y", alpha=0.3, linewidth=0.5)
    legend_below(figure, "" if seeds == {1} else "the mean over the seeds of an arm")
    return figure


def cost_plot(comparison: Comparison, looks: Looks) -> Figure | None:
    """MIoU over the number of parameters used in inference (CAC Fig. 2)."""
    spent = [(row, row.cost.deployed / 1e6) for row in comparison.rows if row.cost]
    return _spending(spent, "parameters of inference (million)", looks)


def latency_plot(comparison: Comparison, looks: Looks) -> Figure | None:
    """MIoU over the time for one image."""
    spent = [(row, row.latency.milliseconds) for row in comparison.rows if row.latency]
    return _spending(spent, "milliseconds per image", looks)


@mpl.rc_context(dict(STYLE))
def _spending(spent: Sequence[tuple[ArmRow, float]], what: str, looks: Looks) -> Figure | None:
    if len(spent) < 2:
        return None
    figure, axes = single_axes(2.2)
    for row, value in spent:
        axes.errorbar(
            value,
            row.miou,
            row.deviation,
            **looks[row.arm].points,
            linestyle="none",
            capsize=2,
            label=row.arm,
        )
    axes.locator_params(axis="x", nbins=5)
    axes.set_xlabel(what)
    axes.set_ylabel("mIoU (%)")
    axes.grid(alpha=0.3, linewidth=0.5)
    drawn = any(row.deviation is not None for row, _ in spent)
    legend_below(figure, "bars: ± standard deviation over seeds" if drawn else "")
    return figure


@mpl.rc_context(dict(STYLE))
def class_gains(arms: Sequence[Arm], baseline: str | None) -> Figure | None:
    """IoU of each class minus the baseline's, for the best other arm, the largest gain on top."""
    others = [arm for arm in arms if arm.label != baseline]
    base = next((arm for arm in arms if arm.label == baseline), None)
    if base is None or not others:
        return None
    best = max(others, key=lambda arm: arm.mean)
    names, gains = _gains(best, base)
    largest = np.argsort(-np.abs(gains), kind="stable")[:BARS]
    order = largest[np.argsort(gains[largest], kind="stable")]
    figure, axes = single_axes(0.6 + 0.14 * len(order))
    looks = arm_looks(arm.label for arm in arms)
    ours, theirs = looks[best.label].color, looks[base.label].color
    colors = [ours if gains[i] >= 0 else theirs for i in order]
    axes.barh(range(len(order)), gains[order], color=colors)
    axes.axvline(0, color="black", linewidth=0.6)
    axes.set_yticks(range(len(order)), [names[i] for i in order])
    axes.tick_params(axis="y", length=0, labelsize=6 if len(order) > 20 else 7)
    axes.set_xlabel("difference of IoU (points)")
    handles = [Patch(color=ours, label=f"better: {best.label}")]
    handles.append(Patch(color=theirs, label=f"better: {base.label} (baseline)"))
    some = f"the {BARS} largest differences of {len(gains)} classes"
    legend_below(figure, some if len(gains) > BARS else "", handles=handles)
    return figure


def _gains(arm: Arm, base: Arm) -> tuple[list[str], np.ndarray]:
    """Gains of an arm by class, averaged over seeds; classes without IoU in one arm are skipped."""

    def iou(one: Arm) -> np.ndarray:
        rows = [result.report["results"]["student"]["classes"] for result in one.results]
        values = [[np.nan if k["iou"] is None else k["iou"] for k in row] for row in rows]
        return np.array(values, dtype=float).mean(0)

    classes = base.results[0].report["results"]["student"]["classes"]
    gains = 100 * (iou(arm) - iou(base))
    seen = ~np.isnan(gains)
    names = figure_names(k["name"] for k in classes)
    return [name for name, there in zip(names, seen, strict=True) if there], gains[seen]
