"""Plots of a page as numbers: differences along an axis, and lines and points in a plane."""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np
from jaxtyping import Float

from segadapt.analysis.comparison.arms import Arm
from segadapt.analysis.comparison.comparison import Comparison
from segadapt.analysis.comparison.page.axes import Axis, axis
from segadapt.analysis.comparison.results import curve
from segadapt.analysis.comparison.sections import spanned

MOST_POINTS: Final = 2000
"""Largest number of images drawn in a scatter plot."""


class Mark(NamedTuple):
    """A value of an arm on an axis, with its range; positions are percentages."""

    arm: str
    place: float
    low: float
    high: float
    text: str


class Strip(NamedTuple):
    """A row of a chart with its title and marks."""

    name: str
    marks: list[Mark]


class Chart(NamedTuple):
    """Rows of marks on a common axis."""

    axis: Axis
    strips: list[Strip]
    caption: str


class Series(NamedTuple):
    """The lines and points of an arm in a plane of 100 x 100, as SVG paths."""

    arm: str
    line: str
    band: str
    points: str


class Plane(NamedTuple):
    """A plot with two axes."""

    x: Axis
    y: Axis
    x_label: str
    y_label: str
    series: list[Series]
    caption: str
    diagonal: str = ""
    """Path of the line on which both arms are equal."""


def forest(comparison: Comparison) -> Chart | None:
    """Differences to the baseline with their intervals; None without any."""
    gaps = [(row.arm, row.difference) for row in comparison.rows if row.difference is not None]
    if not gaps:
        return None
    spans = [
        (arm, [100 * gap.mean if end is None else 100 * end for end in (gap.low, gap.high)], gap)
        for arm, gap in gaps
    ]
    scale = axis([end for _, ends, _ in spans for end in ends], signed=True)
    strips = [
        Strip(arm, [_mark(arm, 100 * gap.mean, ends, scale, spanned(gap))])
        for arm, ends, gap in spans
    ]
    return Chart(scale, strips, f"mIoU minus that of {comparison.baseline}, points.")


def chart(values: Mapping[str, Mapping[str, Sequence[float]]], caption: str) -> Chart | None:
    """Differences of several arms, with the range over their seeds; None without any.

    Args:
        values: Difference of each seed in percentage points, by row and arm.
        caption: Caption of the chart.
    """
    everything = [value for arms in values.values() for seeds in arms.values() for value in seeds]
    if not everything:
        return None
    scale = axis(everything, signed=True)
    strips = []
    for name, arms in values.items():
        marks = [
            _mark(
                arm, mean := float(np.mean(seeds)), [min(seeds), max(seeds)], scale, f"{mean:+z.2f}"
            )
            for arm, seeds in arms.items()
        ]
        strips.append(Strip(name, marks))
    return Chart(scale, strips, caption)


def learning_curves(arms: Sequence[Arm]) -> Plane | None:
    """Validation mIoU over steps: means, and bands from the lowest to the highest seed.

    Returns None if no arm has two validations that all of its seeds share.
    """
    drawn = [(arm.label, *curves) for arm in arms if (curves := _curves(arm)) is not None]
    if not drawn:
        return None
    x = axis([0.0, *(step for _, steps, _ in drawn for step in steps)])
    y = axis([float(value) for _, _, values in drawn for value in values.ravel()])
    series = []
    for label, steps, values in drawn:
        places = [x.place(step) for step in steps]
        mean, low, high = (
            [100 - y.place(float(value)) for value in line]
            for line in (values.mean(0), values.min(0), values.max(0))
        )
        edge = list(zip(places, high, strict=True)) + list(zip(places, low, strict=True))[::-1]
        band = _line(edge) + "z" if len(values) > 1 else ""
        points = list(zip(places, mean, strict=True))
        series.append(Series(label, _line(points), band, _dots(points)))
    caption = "Means over seeds; bands reach from the lowest to the highest seed."
    return Plane(x, y, "optimiser steps", "validation mIoU, %", series, caption)


def scatter(
    arm: str, base: str, ours: Float[np.ndarray, "n"], theirs: Float[np.ndarray, "n"]
) -> Plane:
    """A point per image: mIoU of the baseline (x axis) and of an arm (y axis), in percent."""
    scale = axis([0.0, 100.0])
    every = max(1, -(-len(ours) // MOST_POINTS))
    pairs = zip(theirs[::every].tolist(), ours[::every].tolist(), strict=True)
    points = [(scale.place(x), 100 - scale.place(y)) for x, y in pairs]
    some = "" if every == 1 else f" Every {every}th of {len(ours)} images is drawn."
    above = int((ours > theirs).sum())
    caption = f"Each point is an image; above the line, {arm} is better ({above} of {len(ours)})."
    return Plane(
        scale,
        scale,
        f"mIoU of {base}, %",
        f"mIoU of {arm}, %",
        [Series(arm, "", "", _dots(points))],
        caption + some,
        _line([(0.0, 100.0), (100.0, 0.0)]),
    )


def _curves(arm: Arm) -> tuple[list[int], Float[np.ndarray, "s n"]] | None:
    """Steps that all seeds share, and the mIoU of each seed at these steps, in percent."""
    curves = [dict(curve(result.folder, "val/miou")) for result in arm.results]
    steps = sorted(set(curves[0]).intersection(*curves[1:]))
    if len(steps) < 2:
        return None
    return steps, 100 * np.array([[values[step] for step in steps] for values in curves])


def _mark(arm: str, value: float, ends: Sequence[float], scale: Axis, text: str) -> Mark:
    low, high = (scale.place(end) for end in ends)
    return Mark(arm, scale.place(value), low, high, text)


def _line(points: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:g} {y:g}" for x, y in points)


def _dots(points: Sequence[tuple[float, float]]) -> str:
    """Lines without length, whose round ends are dots however the plot is stretched."""
    return "".join(f"M{x:g} {y:g}h0" for x, y in points)
