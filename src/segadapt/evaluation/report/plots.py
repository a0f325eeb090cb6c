"""Figures of an evaluation, drawn from its JSON report."""

import io
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from jaxtyping import Float, Int
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from segadapt.text.borders import figure_names

BRANCH_COLORS: Final = {"student": "#0072b2", "coarse": "#999999", "oracle": "#e69f00"}
"""Colours of Okabe and Ito, distinguishable with colour blindness."""

MANY: Final = 64
"""Number of classes above which figures show some of them, or no names; the page has all."""

SOME: Final = 40
"""Number of classes shown if there are many."""


def class_bars(results: Mapping[str, Any]) -> Figure:
    """IoU of each class in each branch, the student's best class first.

    A class that is neither labelled nor predicted by the student is marked, because it has no IoU.
    If there are many classes, those with the highest and the lowest IoU are drawn.

    Args:
        results: Node ``results`` of a report.
    """
    names = figure_names(entry["name"] for entry in results["student"]["classes"])
    iou = {branch: _percent(result["classes"], "iou") for branch, result in results.items()}
    order = np.argsort(-np.nan_to_num(iou["student"], nan=-1.0), kind="stable")
    some = len(order) > MANY
    if some:
        measured = order[: np.count_nonzero(~np.isnan(iou["student"]))]
        order = ends(measured if len(measured) else order)
    figure = Figure(figsize=(9, 1 + 0.16 * len(order) * (len(iou) + 1)), layout="constrained")
    axes = figure.subplots()
    thickness = 0.85 / len(iou)
    for index, (branch, values) in enumerate(iou.items()):
        place = np.arange(len(order)) + (index - (len(iou) - 1) / 2) * thickness
        label = f"{branch}: {_text(results[branch]['miou'])}"
        axes.barh(
            place, np.nan_to_num(values[order]), thickness, color=BRANCH_COLORS[branch], label=label
        )
    shown = [f"{names[k]} (absent)" if np.isnan(iou["student"][k]) else names[k] for k in order]
    axes.set_yticks(range(len(order)), shown, fontsize=8)
    axes.set(xlim=(0, 100), ylim=(len(order) - 0.5, -0.5), xlabel="IoU, %")
    if some:
        axes.set_title(f"{len(order)} of {len(names)} classes: highest and lowest IoU", fontsize=9)
    figure.legend(loc="outside lower center", title="mIoU", ncols=len(iou))
    axes.grid(axis="x", alpha=0.3)
    return figure


def confusion_map(confusion: Int[np.ndarray, "k k"], classes: Sequence[str]) -> Figure:
    """Predictions of the pixels of each class (row), in percent of the class.

    Numbers are written if they fit; many classes are named by their numbers.
    """
    counts, names = confusion.astype(np.float64), figure_names(classes)
    share = 100 * counts / counts.sum(1, keepdims=True).clip(1)
    many = len(classes) > MANY
    side = 9.0 if many else 3 + 0.32 * len(classes)
    figure = Figure(figsize=(side + 1, side), layout="constrained")
    axes = figure.subplots()
    drawn = axes.imshow(share, cmap="Blues", vmin=0, vmax=100, interpolation="nearest")
    if not many:
        size = min(8.0, 72 * side / len(classes) / 1.6)
        axes.set_xticks(range(len(classes)), names, rotation=90, fontsize=size)
        axes.set_yticks(range(len(classes)), names, fontsize=size)
    number = " (number of the class)" if many else ""
    axes.set(xlabel=f"prediction{number}", ylabel=f"label{number}")
    figure.colorbar(drawn, ax=axes, label="% of the label's pixels", shrink=0.7)
    if len(classes) <= 30:
        _write_cells(axes, share)
    return figure


def reliability(results: Mapping[str, Any]) -> Figure:
    """Accuracy by confidence, and the distribution of confidence over pixels."""
    figure = Figure(figsize=(5, 6.5), layout="constrained")
    above, below = figure.subplots(2, 1, height_ratios=[3, 1], sharex=True)
    calibrated = {"color": "black", "linewidth": 0.8, "linestyle": ":"}
    above.plot([0, 100], [0, 100], label="as often right as it says", **calibrated)
    for branch, result in results.items():
        bins = result["calibration"]["bins"]
        pixels = np.array([part["pixels"] for part in bins], dtype=np.float64)
        label = f"{branch}: expected error {_text(result['calibration']['expected_error'])} %"
        confidence, accuracy = _percent(bins, "confidence"), _percent(bins, "accuracy")
        color = BRANCH_COLORS[branch]
        above.plot(confidence, accuracy, marker="o", markersize=3, color=color, label=label)
        edges = np.linspace(0, 100, len(bins) + 1)
        below.stairs(100 * pixels / pixels.sum().clip(1), edges, color=color)
    above.set(ylabel="accuracy, %", xlim=(0, 100), ylim=(0, 100))
    title = f"a point for each of {len(bins)} bins of confidence"
    figure.legend(loc="outside lower left", title=title, alignment="left")
    below.set(xlabel="confidence, %", ylabel="% of the pixels")
    return figure


def trimap_curves(results: Mapping[str, Any]) -> Figure:
    """MIoU of the pixels near label borders, by distance."""
    figure = Figure(figsize=(5, 3.5), layout="constrained")
    axes = figure.subplots()
    for branch, result in results.items():
        widths = [band["pixels"] for band in result["trimap"]]
        values = _percent(result["trimap"], "miou")
        axes.plot(widths, values, marker="o", color=BRANCH_COLORS[branch], label=branch)
    axes.set_xscale("log", base=2)
    axes.set_xticks(widths, [str(width) for width in widths])
    axes.set(xlabel="largest distance to a label border, in pixels", ylabel="mIoU, %")
    axes.grid(alpha=0.3)
    axes.legend()
    return figure


def ends(order: Int[np.ndarray, " n"]) -> Int[np.ndarray, " m"]:
    """The same number of first and last elements, in order."""
    half = SOME // 2
    return order if len(order) <= SOME else np.concatenate([order[:half], order[-half:]])


def as_png(figure: Figure) -> bytes:
    """The figure as a PNG file."""
    content = io.BytesIO()
    figure.savefig(content, format="png", dpi=110)
    return content.getvalue()


def _write_cells(axes: Axes, share: Float[np.ndarray, "k k"]) -> None:
    for row, values in enumerate(share):
        for column, value in enumerate(values):
            if value >= 0.5:
                color = "white" if value > 60 else "black"
                axes.text(
                    column, row, f"{value:.0f}", ha="center", va="center", fontsize=7, color=color
                )


def _percent(entries: Sequence[Mapping[str, Any]], name: str) -> Float[np.ndarray, "n"]:
    return 100 * np.array([entry[name] for entry in entries], dtype=np.float64)  # null becomes NaN


def _text(fraction: float | None) -> str:
    return "-" if fraction is None else f"{100 * fraction:.2f}"
