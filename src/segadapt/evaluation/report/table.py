"""What an evaluation found, as a table to read."""

import math
from collections.abc import Mapping, Sequence
from typing import Final

from rich import box
from rich.table import Table

from segadapt.evaluation.metrics.confusion_matrix import Scores
from segadapt.text.terminal import cell

ORACLE: Final = (
    "oracle: prototypes from the labels of one image; training pools classifier.oracle_group images"
)
"""The note below a table with that branch: its scores are not those of the training's teacher."""


def table(results: Mapping[str, Scores], classes: Sequence[str], title: str = "") -> Table:
    """IoU of every class in every branch, in percent; the means below.

    Args:
        results: Scores by branch, the student's first.
        classes: Class names in order.
        title: What was evaluated.
    """
    heading = cell(title, "table.title")
    found = Table(
        title=heading,
        caption=ORACLE if "oracle" in results else None,
        box=box.SIMPLE_HEAD,
        title_justify="left",
        caption_justify="left",
        show_footer=True,
    )
    found.add_column("class", footer="mean", overflow="fold")
    for branch, scores in results.items():
        found.add_column(cell(f"IoU {branch}"), percent(scores.miou), justify="right", no_wrap=True)
    student = next(iter(results.values()))
    found.add_column("accuracy", percent(student.mean_accuracy), justify="right", no_wrap=True)
    for k, name in enumerate(classes):
        iou = [percent(scores.iou[k].item()) for scores in results.values()]
        found.add_row(cell(name), *iou, percent(student.class_accuracy[k].item()))
    return found


def headline(results: Mapping[str, Scores]) -> str:
    """One line: the mIoU of every branch, and the student's accuracies."""
    miou = [f"mIoU {percent(scores.miou)} ({branch})" for branch, scores in results.items()]
    student = next(iter(results.values()))
    accuracy = f"pixel accuracy {percent(student.accuracy)}"
    return ", ".join([*miou, accuracy, f"mean accuracy {percent(student.mean_accuracy)}"])


def percent(fraction: float) -> str:
    """Two decimals, as in the papers; a dash where there is nothing to measure."""
    return "-" if math.isnan(fraction) else f"{100 * fraction:.2f}"
