"""Learning curves: mIoU of each arm after each quarter of its training."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from segadapt.analysis.comparison.arms import Arm
from segadapt.analysis.comparison.results import curve
from segadapt.analysis.comparison.sections import ABSENT, Section, percent, points

QUARTERS: Final = (1, 2, 3, 4)


def learning_section(arms: Sequence[Arm]) -> Section | None:
    """Validation mIoU after each quarter of the steps, and the gain of the last quarter.

    Returns None if no arm was validated after three quarters and at its end.
    """
    rows = [_row(arm) for arm in arms]
    if all(row[-1] == ABSENT for row in rows):
        return None
    head = ["arm", "steps", *(f"{25 * quarter} %" for quarter in QUARTERS), "last quarter"]
    note = (
        "validation mIoU after a fraction of the steps, averaged over seeds, and the gain in the "
        "last quarter; an arm that still gains there has not converged"
    )
    return Section("mIoU by training length", [head, *rows], [note])


def _row(arm: Arm) -> list[str]:
    steps = arm.results[0].config["data"]["steps"]
    values = [_mean(arm, steps * quarter // QUARTERS[-1]) for quarter in QUARTERS]
    before, end = values[-2:]
    gain = None if before is None or end is None else end - before
    return [arm.label, str(steps), *map(percent, values), points(gain)]


def _mean(arm: Arm, step: int) -> float | None:
    """Mean over seeds; None if one of them was not validated after that step."""
    values = [dict(curve(result.folder, "val/miou")).get(step) for result in arm.results]
    present = [value for value in values if value is not None]
    return float(np.mean(present)) if len(present) == len(values) else None
