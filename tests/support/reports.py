"""Reading back what reports say."""

import math

import torch

from segadapt.evaluation.metrics.confusion_matrix import Scores


def from_json(results):
    """The scores that as_json wrote."""
    return {
        branch: Scores(
            miou=_fraction(found["miou"]),
            accuracy=_fraction(found["accuracy"]),
            mean_accuracy=_fraction(found["mean_accuracy"]),
            iou=_column(found["classes"], "iou"),
            class_accuracy=_column(found["classes"], "accuracy"),
            frequency_weighted_iou=_fraction(found.get("frequency_weighted_iou")),
        )
        for branch, found in results.items()
    }


def _column(classes, name):
    return torch.tensor([_fraction(k[name]) for k in classes], dtype=torch.float64)


def _fraction(value):
    return math.nan if value is None else value
