"""Figures of the mIoU over settings that the papers sweep, with the printed numbers."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.patheffects import withStroke

from segadapt.analysis.comparison.arms import Arm
from segadapt.analysis.style import STYLE, legend_below, single_axes
from segadapt.runs.config import value_at

TAU, LAMBDA = "classifier.tau", "loss.weights.response"
"""Keys of the settings that the papers sweep."""

PRINTED_TAU: Final = {5: 45.39, 10: 46.78, 15: 46.91, 20: 46.26}
"""CAC Table 4: ADE20K, UPerNet Swin-T; lambda 1."""

PRINTED_LAMBDA: Final = {0.1: 45.88, 1: 46.91, 10: 46.08}
"""CAC Table 2 (f) to (h): the same; tau 15."""

HERE, THERE = "black", "0.5"
"""Colours that no arm has, for the curve of all arms and for that of the paper."""


@mpl.rc_context(dict(STYLE))
def setting_curve(
    arms: Sequence[Arm], key: str, name: str, printed: Mapping[Any, float]
) -> Figure | None:
    """MIoU over one setting, and the paper's curve on its own axis; None below two values."""
    points = _by_setting(arms, key)
    if len(points) < 2 or len({key for key, _ in points}) != len(points):
        return None
    figure, axes = single_axes(1.9)
    values = [value for value, _ in points]
    if name == "lambda":
        axes.set_xscale("log")
    means = [100 * arm.mean for _, arm in points]
    spread = [np.nan if arm.deviation is None else 100 * arm.deviation for _, arm in points]
    axes.errorbar(values, means, spread, color=HERE, marker="o", capsize=2, label="here, left axis")
    axes.set_xlabel(name)
    axes.set_ylabel("mIoU (%), here")
    theirs = axes.twinx()
    theirs.spines["right"].set_visible(True)
    label = "printed by CAC for ADE20K, right axis"
    theirs.plot(*zip(*printed.items(), strict=True), "s--", color=THERE, label=label)
    theirs.set_ylabel("mIoU (%), printed", color=THERE)
    axes.set_xticks(sorted({*values, *printed}), [f"{v:g}" for v in sorted({*values, *printed})])
    axes.minorticks_off()
    legend_below(figure, "" if np.isnan(spread).all() else "bars: ± standard deviation over seeds")
    return figure


@mpl.rc_context(dict(STYLE))
def heat_map(arms: Sequence[Arm]) -> Figure | None:
    """MIoU over tau and lambda; squares frame the points that CAC prints."""
    cells: dict[tuple[float, float], float] = {}
    for arm in arms:
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
        shade = "white" if value <= middle else "black"
        axes.text(column, row, text, ha="center", va="center", color=shade)
        tau, weight = taus[column], lambdas[row]
        if (tau in PRINTED_TAU and weight == 1) or (weight in PRINTED_LAMBDA and tau == 15):
            axes.add_patch(_frame(column, row))
    axes.set_xticks(range(len(taus)), [f"{tau:g}" for tau in taus])
    axes.set_yticks(range(len(lambdas)), [f"{weight:g}" for weight in lambdas])
    axes.set_xlabel("tau (framed: CAC prints a number for it; -: no run)")
    axes.set_ylabel("lambda")
    figure.colorbar(image, ax=axes, label="mIoU (%)")
    return figure


def _by_setting(arms: Sequence[Arm], key: str) -> list[tuple[float, Arm]]:
    """Arms that differ in one number of their configs, in increasing order."""
    points = [(value, arm) for arm in arms if (value := _setting(arm, key))]
    return sorted(points, key=lambda point: point[0])


def _setting(arm: Arm, key: str) -> float | None:
    value = value_at(arm.results[0].config, key)
    return None if value is None else float(value)


def _frame(column: int, row: int) -> Rectangle:
    """A white frame with a black rim, visible on every colour of the map."""
    rim = [withStroke(linewidth=2.4, foreground="black")]
    corner = (column - 0.46, row - 0.44)
    return Rectangle(
        corner, 0.92, 0.88, fill=False, edgecolor="white", linewidth=1.2, path_effects=rim
    )
