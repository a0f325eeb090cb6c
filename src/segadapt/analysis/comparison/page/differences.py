"""Differences of arms to the baseline by class and near borders, for each common seed."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import numpy as np

from segadapt.analysis.comparison.arms import Arm
from segadapt.analysis.comparison.results import Result

MOST: Final = 10
"""Number of classes with the largest gains, and with the largest losses, if there are more."""

ByName = dict[str, float]
BySeed = dict[str, dict[str, list[float]]]
"""Differences in percentage points by name and arm, for each common seed."""


def class_differences(arms: Sequence[Arm], base: Arm) -> tuple[BySeed, int]:
    """Differences of IoU, the largest gain first, and the number of classes.

    Classes that are neither labelled nor predicted in one of the runs are omitted.
    """
    values = _differences(arms, base, _class_ious)
    order = sorted(values, key=lambda name: -_mean(values[name]))
    kept = order if len(order) <= 2 * MOST else [*order[:MOST], *order[-MOST:]]
    return {name: values[name] for name in kept}, len(order)


def border_differences(arms: Sequence[Arm], base: Arm) -> BySeed:
    """Differences of mIoU by distance to a border, and of Boundary IoU; empty if not measured."""
    return _differences(arms, base, _border_ious)


def _differences(arms: Sequence[Arm], base: Arm, read: Callable[[Result], ByName]) -> BySeed:
    values: BySeed = {}
    for arm in arms:
        if arm is base:
            continue
        for seed in sorted(arm.by_seed.keys() & base.by_seed.keys()):
            ours, theirs = read(arm.by_seed[seed]), read(base.by_seed[seed])
            for name in ours:
                if name in theirs:
                    points = 100 * (ours[name] - theirs[name])
                    values.setdefault(name, {}).setdefault(arm.label, []).append(points)
    return values


def _class_ious(result: Result) -> ByName:
    entries = result.report["results"]["student"].get("classes", [])
    return {entry["name"]: entry["iou"] for entry in entries if entry["iou"] is not None}


def _border_ious(result: Result) -> ByName:
    student = result.report["results"]["student"]
    bands = {f"within {band['pixels']} px": band["miou"] for band in student.get("trimap", [])}
    bands["Boundary IoU"] = student.get("boundary_iou")
    return {name: value for name, value in bands.items() if value is not None}


def _mean(arms: Mapping[str, Sequence[float]]) -> float:
    return float(np.mean([value for seeds in arms.values() for value in seeds]))
