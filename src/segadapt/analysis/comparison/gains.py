"""Sources of the gains of arms: by class, near borders, and relative to the oracle."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from segadapt.analysis.comparison.arms import Arm
from segadapt.analysis.comparison.factors import aligned_corners
from segadapt.analysis.comparison.intervals import interval_of
from segadapt.analysis.comparison.sections import ABSENT, Section, percent, points, spanned
from segadapt.runs.config import value_at

CLASSES: Final = 10
"""Number of rows for the classes that gained most, and for those that lost most."""

LEAST_GAP: Final = 0.005
"""Distance of the mIoU to the oracle below which the closed fraction is meaningless."""


def class_section(arms: Sequence[Arm], baseline: Arm) -> Section | None:
    """IoU of the baseline by class, and the gains of the others; None if classes differ."""
    others = [arm for arm in arms if arm is not baseline]
    base = class_ious(baseline)
    if not others or any(class_ious(arm).keys() != base.keys() for arm in others):
        return None
    gains = [
        {name: value - base[name] for name, value in class_ious(arm).items()} for arm in others
    ]
    known = [name for name in base if not np.isnan([gain[name] for gain in gains]).all()]
    order = sorted(known, key=lambda name: -float(np.nanmean([gain[name] for gain in gains])))
    rows = order if len(order) <= 2 * CLASSES else [*order[:CLASSES], *order[-CLASSES:]]
    head = ["class", baseline.label, *(arm.label for arm in others)]
    body = [[name, percent(base[name]), *(points(gain[name]) for gain in gains)] for name in rows]
    notes = ["means over all seeds of an arm; percentage points of IoU relative to the baseline"]
    if len(rows) < len(order):
        notes.append(f"{CLASSES} most gained and {CLASSES} most lost of {len(order)} classes")
    if unknown := len(base) - len(order):
        notes.append(f"not shown: {unknown} classes for which IoUs are missing")
    return Section("Gains by class", [head, *body], notes)


def class_ious(arm: Arm) -> dict[str, float]:
    """Mean IoU by class over the seeds that have one; NaN for a class that no seed has."""
    values: dict[str, list[float]] = {}
    for result in arm.results:
        for entry in value_at(result.report, "results.student.classes", []):
            values.setdefault(entry["name"], []).append(_fraction(entry["iou"]))
    return {name: _known_mean(ious) for name, ious in values.items()}


def _known_mean(values: Sequence[float]) -> float:
    known = [value for value in values if not np.isnan(value)]
    return float(np.mean(known)) if known else float("nan")


def branch_section(arms: Sequence[Arm], baseline: Arm) -> Section | None:
    """MIoU of coarse, student and oracle, and the fraction of the gaps that is closed.

    Returns None if no arm has an oracle.
    """
    if all(_mean(arm, "oracle") is None for arm in arms):
        return None
    rows = [_branches(arm, baseline) for arm in arms]
    head = ["arm", "coarse", "student", "student - coarse", "oracle"]
    head += ["of coarse to oracle", "of baseline to oracle"]
    adapted = (
        "student - coarse: the effect of adaptation with the same weights; brackets: 95 % interval "
        "of Student's t over seeds, without the choice of images"
    )
    note = (
        "oracle: scores from prototypes of the labels of one image (training pools "
        "classifier.oracle_group images). Distillation makes the student imitate them; without it, "
        "a student can exceed them. The last columns show which part of the gap from the coarse "
        "scores, or from the baseline, to the oracle the student closes (-: a gap of less than "
        "half a point)"
    )
    notes = [adapted, *_unlike_corners(arms), note]
    return Section("Gap closed to the oracle", [head, *rows], notes)


def _branches(arm: Arm, baseline: Arm) -> list[str]:
    student = arm.mean
    coarse, oracle = _mean(arm, "coarse"), _mean(arm, "oracle")
    values = [percent(coarse), percent(student), _adaptation(arm), percent(oracle)]
    base = None if arm is baseline else baseline.mean
    return [arm.label, *values, _closed(coarse, student, oracle), _closed(base, student, oracle)]


def _adaptation(arm: Arm) -> str:
    """The difference of student and coarse over the seeds."""
    coarse = _mious(arm, "coarse")
    if coarse is None:
        return ABSENT
    return spanned(interval_of(np.array([run.miou for run in arm.results]) - coarse, None, 0))


def _unlike_corners(arms: Sequence[Arm]) -> list[str]:
    """A note on arms whose student and coarse scores are not trained alike, if there are any."""
    unlike = [
        arm.label
        for arm in arms
        if _mious(arm, "coarse") is not None
        and len({"coarse", "student"} & {*aligned_corners(arm.results[0].config)}) == 1
    ]
    if not unlike:
        return []
    return [
        "student - coarse of arms that train only one of the two with align_corners=true also "
        f"contains the effect of that: {'; '.join(unlike)}"
    ]


def _closed(start: float | None, student: float, oracle: float | None) -> str:
    if start is None or oracle is None or oracle - start < LEAST_GAP:
        return ABSENT
    return f"{100 * (student - start) / (oracle - start):z.0f} %"


def border_section(arms: Sequence[Arm], baseline: Arm) -> Section | None:
    """MIoU near borders and away from them; None if the reports do not contain it."""
    bands = [_border(arm) for arm in arms]
    base = bands[arms.index(baseline)]
    if base is None or any(band is None or band.keys() != base.keys() for band in bands):
        return None
    body = [
        [arm.label, *(f"{percent(band[n])} ({points(band[n] - base[n])})" for n in base)]
        for arm, band in zip(arms, bands, strict=True)
        if band is not None
    ]
    return Section(
        "Near borders", [["arm", *base], *body], ["in brackets: difference to the baseline"]
    )


def _border(arm: Arm) -> dict[str, float] | None:
    """MIoU by distance to a border, and Boundary IoU, averaged over seeds."""
    students = [result.report["results"]["student"] for result in arm.results]
    if not all("trimap" in student for student in students):
        return None
    values: dict[str, list[float]] = {}
    for student in students:
        for entry in student["trimap"]:
            values.setdefault(f"within {entry['pixels']} px", []).append(_fraction(entry["miou"]))
        values.setdefault("Boundary IoU", []).append(_fraction(student["boundary_iou"]))
    return {name: float(np.mean(fractions)) for name, fractions in values.items()}


def _fraction(value: float | None) -> float:
    return float("nan") if value is None else value


def _mean(arm: Arm, branch: str) -> float | None:
    """Mean mIoU of a branch over seeds; None without that branch."""
    values = _mious(arm, branch)
    return None if values is None else float(np.mean(values))


def _mious(arm: Arm, branch: str) -> list[float] | None:
    """MIoU of a branch by seed; None without that branch."""
    values = [value_at(result.report, f"results.{branch}.miou") for result in arm.results]
    return None if None in values else values
