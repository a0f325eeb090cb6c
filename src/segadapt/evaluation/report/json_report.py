"""Results of an evaluation for JSON: fractions, and null if there is nothing to measure."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from jaxtyping import Float, Int
from torch import Tensor

from segadapt.evaluation.detailed_evaluator import NetworkMetrics
from segadapt.evaluation.metrics.adaptation import Adaptation, GapClosed
from segadapt.evaluation.metrics.branch_metrics import BranchMetrics
from segadapt.evaluation.metrics.calibration import Calibration
from segadapt.evaluation.metrics.confusion_matrix import Scores
from segadapt.evaluation.metrics.costly_confusions import costly_pairs
from segadapt.structures import NARROW

PAIRS: Final = 20
"""Number of reported pairs of confused classes."""


def findings_as_json(findings: NetworkMetrics, classes: Sequence[str]) -> dict[str, Any]:
    """All results.

    Args:
        findings: Metrics of the network.
        classes: Class names in order.
    """
    results = as_json({name: branch.scores for name, branch in findings.branches.items()}, classes)
    for name, branch in findings.branches.items():
        results[name] |= _extended(branch)
        for entry, value in zip(
            results[name]["classes"], _numbers(branch.boundary_iou), strict=True
        ):
            entry["boundary_iou"] = value
    student = findings.branches["student"]
    return {
        "results": results,
        "adaptation": _adaptation(findings.adaptation, findings.gap, classes),
        "confusions": [
            {**pair._asdict(), "label": classes[pair.label], "prediction": classes[pair.prediction]}
            for pair in costly_pairs(student.confusion, PAIRS)
        ],
    }


def _extended(branch: BranchMetrics) -> dict[str, Any]:
    return {
        "boundary_iou": _number(branch.mean_boundary_iou),
        "trimap": [
            {"pixels": width, "miou": _number(miou)} for width, miou in branch.trimap.items()
        ],
        "calibration": _calibration(branch.calibration),
        "confusion": confusion_as_json(branch.confusion),
    }


def confusion_as_json(confusion: Int[Tensor, "k k"]) -> list[list[int]] | dict[str, Any]:
    """Pixels by label and prediction: as rows or, for many classes, as nonzero cells.

    The rows of 847 classes in three branches would take 28 MB, nearly all of it zeros.
    """
    number = len(confusion)
    if number <= NARROW:
        return confusion.tolist()
    labels, predictions = confusion.nonzero(as_tuple=True)
    pixels = confusion[labels, predictions]
    columns = {"labels": labels, "predictions": predictions, "pixels": pixels}
    return {"classes": number, **{name: column.tolist() for name, column in columns.items()}}


def confusion_of(
    node: Sequence[Sequence[int]] | Mapping[str, Any],
) -> Int[np.ndarray, "k k"]:
    """The matrix from the output of :func:`confusion_as_json`."""
    if not isinstance(node, Mapping):
        return np.array(node, dtype=np.int64)
    confusion = np.zeros((node["classes"], node["classes"]), dtype=np.int64)
    confusion[node["labels"], node["predictions"]] = node["pixels"]
    return confusion


def _calibration(calibration: Calibration) -> dict[str, Any]:
    bins = zip(
        calibration.pixels.tolist(),
        _numbers(calibration.accuracy),
        _numbers(calibration.confidence),
        strict=True,
    )
    names = ("pixels", "accuracy", "confidence")
    return {
        "expected_error": _number(calibration.error),
        "bins": [dict(zip(names, values, strict=True)) for values in bins],
    }


def _adaptation(
    adaptation: Adaptation | None, gap: GapClosed | None, classes: Sequence[str]
) -> dict[str, Any] | None:
    """Pixels by class and in total, and the fraction of the gap that was closed."""
    if adaptation is None:
        return None
    rows = [
        {"name": name, **{what: int(counts[k]) for what, counts in _outcomes(adaptation).items()}}
        for k, name in enumerate(classes)
    ]
    total: dict[str, Any] = {
        what: int(counts.sum()) for what, counts in _outcomes(adaptation).items()
    }
    if gap is not None:
        total["gap_closed"] = _number(gap.miou)
        for row, share in zip(rows, _numbers(gap.iou), strict=True):
            row["gap_closed"] = share
    return {**total, "classes": rows}


def _outcomes(adaptation: Adaptation) -> dict[str, Int[Tensor, "k"]]:
    return adaptation._asdict()


def _numbers(values: Float[Tensor, "n"]) -> list[float | None]:
    return [_number(value) for value in values.tolist()]


def _number(value: float) -> float | None:
    return None if math.isnan(value) else value


def as_json(results: Mapping[str, Scores], classes: Sequence[str]) -> dict[str, Any]:
    """Scores by branch and class for JSON: fractions, and null if there is nothing to measure."""
    return {
        branch: {
            "miou": _number(scores.miou),
            "accuracy": _number(scores.accuracy),
            "mean_accuracy": _number(scores.mean_accuracy),
            "frequency_weighted_iou": _number(scores.frequency_weighted_iou),
            "classes": [
                {"name": name, "iou": _number(iou), "accuracy": _number(accuracy)}
                for name, iou, accuracy in zip(
                    classes, scores.iou.tolist(), scores.class_accuracy.tolist(), strict=True
                )
            ],
        }
        for branch, scores in results.items()
    }
