"""Scores of a prediction for one image."""

from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import UInt

from segadapt.evaluation.metrics.confusion_matrix import count, scores
from segadapt.structures import ignored_label

Mask = UInt[np.ndarray, "H W"]


class ImageScores(NamedTuple):
    """Scores of one image, over the classes labelled or predicted in it."""

    miou: float
    accuracy: float
    """Share of the labelled pixels that are right."""
    pixels: int
    """Labelled ones."""


def image_scores(labels: Mask, mask: Mask, classes: int) -> ImageScores:
    """Compare predicted classes with the labels that were given.

    Args:
        labels: Predicted classes.
        mask: True ones, or the ignored label.
        classes: Number of classes.
    """
    predicted, true = (torch.from_numpy(numbers).long()[None] for numbers in (labels, mask))
    measured = scores(count(predicted, true, classes))
    pixels = int((true != ignored_label(classes)).sum())
    return ImageScores(measured.miou, measured.accuracy, pixels)


def image_miou(labels: Mask, mask: Mask, classes: int) -> float:
    """Mean IoU of one image."""
    return image_scores(labels, mask, classes).miou
