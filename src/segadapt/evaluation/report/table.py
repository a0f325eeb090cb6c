"""Results of an evaluation as a table."""

import math
from collections.abc import Mapping, Sequence
from typing import Final

from segadapt.evaluation.metrics.confusion_matrix import Scores
from segadapt.text.tables import Table

ORACLE: Final = (
    "oracle: prototypes from the labels of one image; training pools classifier.oracle_group images"
)
"""Note below a table with an oracle, whose scores differ from those of the training's teacher."""


def table(results: Mapping[str, Scores], classes: Sequence[str], title: str = "") -> Table:
    """IoU of every class in every branch, in percent, with the means below.

    Args:
        results: Scores by branch, the student's first.
        classes: Class names in order.
        title: Title of the table.
    """
    student, branches = next(iter(results.values())), results.values()
    rows = [
        [
            name,
            *(percent(scores.iou[k].item()) for scores in branches),
            percent(student.class_accuracy[k].item()),
        ]
        for k, name in enumerate(classes)
    ]
    return Table(
        ["class", *(f"IoU {branch}" for branch in results), "accuracy"],
        rows,
        ["mean", *(percent(scores.miou) for scores in branches), percent(student.mean_accuracy)],
        title=title,
        caption=ORACLE if "oracle" in results else "",
    )


def headline(results: Mapping[str, Scores]) -> str:
    """One line: the mIoU of every branch, and the student's accuracies."""
    miou = [f"mIoU {percent(scores.miou)} ({branch})" for branch, scores in results.items()]
    student = next(iter(results.values()))
    accuracy = f"pixel accuracy {percent(student.accuracy)}"
    return ", ".join([*miou, accuracy, f"mean accuracy {percent(student.mean_accuracy)}"])


def percent(fraction: float) -> str:
    """A percentage with two decimals, as in the papers; a dash if there is nothing to measure."""
    return "-" if math.isnan(fraction) else f"{100 * fraction:.2f}"
