"""Figures of a comparison: one column wide, told apart without colour too."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from segadapt.borders import figure_names, figure_text
from segadapt.comparing.arms import Arm
from segadapt.comparing.comparison import Comparison, Row
from segadapt.comparing.runs import curve
from segadapt.comparing.style import COLORS, DPI, LINES, MARKERS, STYLE, legend_below, single_axes
from segadapt.configs import at

LONGEST: Final = 160
"""Characters of the name of an arm."""

TAU, LAMBDA = "classifier.tau", "loss.weights.response"
"""Where a config has what the papers sweep."""

PRINTED_TAU: Final = {5: 45.39, 10: 46.78, 15: 46.91, 20: 46.26}
"""CAC Table 4: ADE20K, UPerNet Swin-T; lambda 1."""

PRINTED_LAMBDA: Final = {0.1: 45.88, 1: 46.91, 10: 46.08}
"""CAC Table 2 (f) to (h): the same; tau 15."""


def draw(found: Sequence[Arm], comparison: Comparison, folder: Path) -> list[Path]:
    """Every figure that the arms have something for.

    Args:
        found: Arms.
        comparison: Their table, with costs where they were counted.
        folder: Where PNG and PDF go.

    Returns:
        The files.
    """
    folder.mkdir(parents=True, exist_ok=True)
    found, comparison = _labelled(found, comparison)
    drawings: dict[str, Callable[[], Figure | None]] = {
        "tau": lambda: setting_curve(found, TAU, "tau", PRINTED_TAU),
        "lambda": lambda: setting_curve(found, LAMBDA, "lambda", PRINTED_LAMBDA),
        "tau_lambda": lambda: heat_map(found),
        "steps": lambda: step_curves(found),
        "parameters": lambda: cost_plot(comparison),
        "latency": lambda: latency_plot(comparison),
        "classes": lambda: class_gains(found, comparison.baseline),
    }
    files = []
    for name, drawing in drawings.items():
        if (figure := drawing()) is not None:
            for ending in ("png", "pdf"):
                files.append(folder / f"{name}.{ending}")
                figure.savefig(files[-1], dpi=DPI)
    return files


def _labelled(found: Sequence[Arm], comparison: Comparison) -> tuple[list[Arm], Comparison]:
    """The same with the names of arms as figures can show them."""
    arms = [arm._replace(label=figure_text(arm.label, LONGEST)) for arm in found]
    rows = [row._replace(arm=figure_text(row.arm, LONGEST)) for row in comparison.rows]
    base = comparison.baseline
    baseline = None if base is None else figure_text(base, LONGEST)
    return arms, comparison._replace(rows=rows, baseline=baseline)


@mpl.rc_context(dict(STYLE))
def setting_curve(
    found: Sequence[Arm], key: str, name: str, printed: Mapping[Any, float]
) -> Figure | None:
    """MIoU over one setting, and the paper's curve on an axis of its own; None below two values."""
    points = _by_setting(found, key)
    if len(points) < 2 or len({key for key, _ in points}) != len(points):
        return None
    figure, axes = single_axes(1.9)
    values = [value for value, _ in points]
    if name == "lambda":
        axes.set_xscale("log")
    means = [100 * arm.mean for _, arm in points]
    spread = [100 * (arm.deviation or 0) for _, arm in points]
    axes.errorbar(values, means, spread, color=COLORS[0], marker="o", capsize=2, label="here")
    axes.set_xlabel(name)
    axes.set_ylabel("mIoU (%), here", color=COLORS[0])
    theirs = axes.twinx()
    theirs.spines["right"].set_visible(True)
    theirs.plot(*zip(*printed.items(), strict=True), "s--", color=COLORS[1])
    theirs.set_ylabel("CAC, ADE20K, printed", color=COLORS[1])
    axes.set_xticks(sorted({*values, *printed}), [f"{v:g}" for v in sorted({*values, *printed})])
    axes.minorticks_off()
    return figure


@mpl.rc_context(dict(STYLE))
def heat_map(found: Sequence[Arm]) -> Figure | None:
    """MIoU over tau and lambda; squares frame the points that CAC prints."""
    cells: dict[tuple[float, float], float] = {}
    for arm in found:
        tau, weight = _setting(arm, TAU), _setting(arm, LAMBDA)
        if tau is not None and weight:
            cells[tau, weight] = 100 * arm.mean
    taus, lambdas = (sorted({cell[i] for cell in cells}) for i in (0, 1))
    if len(taus) < 2 or len(lambdas) < 2:
        return None
    values = np.array([[cells.get((tau, weight), np.nan) for tau in taus] for weight in lambdas])
    figure, axes = single_axes(0.6 + 0.4 * len(lambdas))
    image = axes.imshow(values, cmap="cividis", origin="lower", aspect="auto")
    middle = (np.nanmin(values) + np.nanmax(values)) / 2
    for (row, column), value in np.ndenumerate(values):
        text = "-" if np.isnan(value) else f"{value:.1f}"
        shade = "black" if value > middle else "white"
        axes.text(column, row, text, ha="center", va="center", color=shade)
        tau, weight = taus[column], lambdas[row]
        if (tau in PRINTED_TAU and weight == 1) or (weight in PRINTED_LAMBDA and tau == 15):
            axes.add_patch(_frame(column, row))
    axes.set_xticks(range(len(taus)), [f"{tau:g}" for tau in taus])
    axes.set_yticks(range(len(lambdas)), [f"{weight:g}" for weight in lambdas])
    axes.set_xlabel("tau (framed: printed by CAC)")
    axes.set_ylabel("lambda")
    figure.colorbar(image, ax=axes, label="mIoU (%)")
    return figure


@mpl.rc_context(dict(STYLE))
def step_curves(found: Sequence[Arm]) -> Figure | None:
    """MIoU of the validations against optimiser steps, the mean over seeds."""
    figure, axes = single_axes(2.2)
    drawn = 0
    for arm in found:
        curves = [dict(curve(result.folder, "val/miou")) for result in arm.results]
        steps = sorted(set(curves[0]).intersection(*curves[1:]))
        if len(steps) > 1:
            means = [100 * float(np.mean([one[step] for one in curves])) for step in steps]
            style = LINES[drawn // len(COLORS) % len(LINES)]
            color, marker = COLORS[drawn % len(COLORS)], MARKERS[drawn % len(MARKERS)]
            axes.plot(steps, means, style, color=color, marker=marker, label=arm.label)
            drawn += 1
    if not drawn:
        return None
    axes.set_xlabel("optimiser steps")
    axes.set_ylabel("validation mIoU (%)")
    axes.grid(axis="y", alpha=0.3, linewidth=0.5)
    legend_below(figure, drawn)
    return figure


def cost_plot(comparison: Comparison) -> Figure | None:
    """MIoU against the parameters that inference needs (CAC Fig. 2)."""
    spent = [(row, row.cost.deployed / 1e6) for row in comparison.rows if row.cost]
    return _spending(spent, "parameters of inference (million)")


def latency_plot(comparison: Comparison) -> Figure | None:
    """MIoU against the time of one image."""
    spent = [(row, row.latency.milliseconds) for row in comparison.rows if row.latency]
    return _spending(spent, "milliseconds an image")


@mpl.rc_context(dict(STYLE))
def _spending(spent: Sequence[tuple[Row, float]], what: str) -> Figure | None:
    if len(spent) < 2:
        return None
    figure, axes = single_axes(2.2)
    for index, (row, value) in enumerate(spent):
        axes.errorbar(
            value,
            row.miou,
            row.deviation or 0,
            color=COLORS[index % len(COLORS)],
            marker=MARKERS[index % len(MARKERS)],
            linestyle="none",
            capsize=2,
            label=row.arm,
        )
    axes.locator_params(axis="x", nbins=5)
    axes.set_xlabel(what)
    axes.set_ylabel("mIoU (%)")
    axes.grid(alpha=0.3, linewidth=0.5)
    legend_below(figure, len(spent))
    return figure


@mpl.rc_context(dict(STYLE))
def class_gains(found: Sequence[Arm], baseline: str | None) -> Figure | None:
    """IoU of each class minus the baseline's, for the best other arm, the largest gain on top."""
    others = [arm for arm in found if arm.label != baseline]
    base = next((arm for arm in found if arm.label == baseline), None)
    if base is None or not others:
        return None
    best = max(others, key=lambda arm: arm.mean)
    names, gains = _gains(best, base)
    order = np.argsort(gains)[-40:]
    figure, axes = single_axes(0.6 + 0.14 * len(order))
    colors = [COLORS[0] if gains[i] >= 0 else COLORS[1] for i in order]
    axes.barh(range(len(order)), gains[order], color=colors)
    axes.set_yticks(range(len(order)), [names[i] for i in order])
    axes.axvline(0, color="black", linewidth=0.6)
    axes.tick_params(axis="y", length=0, labelsize=6 if len(order) > 20 else 7)
    axes.set_xlabel(f"IoU of {best.label}\nminus {base.label} (points)")
    return figure


def _gains(arm: Arm, base: Arm) -> tuple[list[str], np.ndarray]:
    """Mean over the seeds of each; classes that one of them never saw are left out."""

    def iou(one: Arm) -> np.ndarray:
        rows = [result.report["results"]["student"]["classes"] for result in one.results]
        values = [[np.nan if k["iou"] is None else k["iou"] for k in row] for row in rows]
        return np.array(values, dtype=float).mean(0)

    classes = base.results[0].report["results"]["student"]["classes"]
    gains = 100 * (iou(arm) - iou(base))
    seen = ~np.isnan(gains)
    names = figure_names(k["name"] for k in classes)
    return [name for name, there in zip(names, seen, strict=True) if there], gains[seen]


def _by_setting(found: Sequence[Arm], key: str) -> list[tuple[float, Arm]]:
    """Arms that differ in one number of their config, in its order."""
    points = [(value, arm) for arm in found if (value := _setting(arm, key))]
    return sorted(points, key=lambda point: point[0])


def _setting(arm: Arm, key: str) -> float | None:
    value = at(arm.results[0].config, key)
    return None if value is None else float(value)


def _frame(column: int, row: int) -> Rectangle:
    corner = (column - 0.46, row - 0.46)
    return Rectangle(corner, 0.92, 0.92, fill=False, edgecolor=COLORS[1], linewidth=1.6)
