"""Counts and metrics of one branch."""

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

import torch
from jaxtyping import Float, Int, Integer
from torch import Tensor, nn

from segadapt.evaluation.metrics.boundary_bands import band, contour
from segadapt.evaluation.metrics.calibration import Calibration, calibration, confidence_counts
from segadapt.evaluation.metrics.confusion_matrix import (
    Scores,
    check_labels,
    histogram,
    label_rows,
    scores,
)
from segadapt.functional.distributed import sum_over_ranks
from segadapt.structures import ignored_label


class Measures(NamedTuple):
    """Settings of the measures in addition to IoU."""

    trimap: tuple[int, ...] = (1, 2, 4, 8, 16, 32)
    """Widths of the bands around label borders, in pixels of the label, increasing."""
    boundary: float = 0.02
    """Width of Boundary IoU's contours, as a fraction of the image diagonal (Cheng et al.,
    2021)."""
    bins: int = 15
    """Number of bins of confidence (Guo et al., 2017)."""


DEFAULT: Final = Measures()


class BranchOutput(NamedTuple):
    """Output of one branch for a batch of images."""

    labels: Int[Tensor, "b H W"]
    confidence: Float[Tensor, "b H W"]
    """Probability of these labels."""


class BranchMetrics(NamedTuple):
    """Metrics of one branch."""

    confusion: Int[Tensor, "k k"]
    scores: Scores
    boundary_iou: Float[Tensor, "k"]
    """IoU of the contours of prediction and label; NaN if a class has neither."""
    trimap: dict[int, float]
    """mIoU of the pixels within a given distance (in pixels) of a label border."""
    calibration: Calibration

    @property
    def mean_boundary_iou(self) -> float:
        return self.boundary_iou.nanmean().item()


class BranchCounts(nn.Module):
    """Counts of one branch; integers only, so that the order of images and ranks does not matter.

    Args:
        num_classes: Number of classes.
        measures: Settings of the measures.

    Raises:
        ValueError: If the widths of the bands do not increase.
    """

    cells: Tensor
    contours: Tensor
    confidences: Tensor

    def __init__(self, num_classes: int, measures: Measures = DEFAULT) -> None:
        super().__init__()
        widths = list(measures.trimap)
        if widths != sorted(set(widths)) or min(widths, default=1) < 1:
            raise ValueError(
                f"trimap widths {widths} must be integers from 1 on, in increasing order"
            )
        self.num_classes, self.measures = num_classes, measures
        cells = torch.zeros(num_classes, len(widths) + 1, num_classes, dtype=torch.int64)
        self.register_buffer("cells", cells, persistent=False)
        contours = torch.zeros(3, num_classes, dtype=torch.int64)
        self.register_buffer("contours", contours, persistent=False)
        confidences = torch.zeros(3, measures.bins, dtype=torch.int64)
        self.register_buffer("confidences", confidences, persistent=False)

    def update(
        self, reading: BranchOutput, mask: Integer[Tensor, "b H W"], bands: Int[Tensor, "b H W"]
    ) -> None:
        """Count images.

        Args:
            reading: Output of the branch for the images.
            mask: Their labels.
            bands: :func:`band` of the labels.
        """
        self.cells += self._cells(reading.labels, mask, bands)
        width = contour_width(mask.shape[-2:], self.measures.boundary)
        self.contours += contour_counts(reading.labels, mask, width, self.num_classes)
        right = reading.labels == mask
        self.confidences += confidence_counts(
            reading.confidence, right, mask != ignored_label(self.num_classes), self.measures.bins
        )

    def findings(self) -> BranchMetrics:
        """Metrics from the counts of all ranks; every rank must call this."""
        cells, contours, confidences = (
            sum_over_ranks(counts).cpu() for counts in (self.cells, self.contours, self.confidences)
        )
        within = cells.cumsum(1)
        labelled, predicted, both = contours.double()
        trimap = {
            width: scores(within[:, index]).miou for index, width in enumerate(self.measures.trimap)
        }
        return BranchMetrics(
            confusion=within[:, -1],
            scores=scores(within[:, -1]),
            boundary_iou=both / (labelled + predicted - both),
            trimap=trimap,
            calibration=calibration(confidences),
        )

    def _cells(
        self,
        prediction: Int[Tensor, "b H W"],
        mask: Integer[Tensor, "b H W"],
        bands: Int[Tensor, "b H W"],
    ) -> Int[Tensor, "k w k"]:
        classes, num_bands = self.num_classes, len(self.measures.trimap) + 1
        row = label_rows(mask, classes)
        cells = (classes + 1) * num_bands * classes
        counts = histogram((row * num_bands + bands) * classes + prediction, cells)
        check_labels(counts, cells, mask, classes)
        return counts.view(classes + 1, num_bands, classes)[:classes]


def contour_width(size: Sequence[int], share: float) -> int:
    """Width of Boundary IoU's contours, in pixels: a fraction of the diagonal, at least 1."""
    return max(1, round(share * math.hypot(*size)))


def contour_counts(
    prediction: Int[Tensor, "b H W"], mask: Integer[Tensor, "b H W"], width: int, num_classes: int
) -> Int[Tensor, "3 k"]:
    """Pixels of each class on the contour of the label, of the prediction, and of both.

    Predictions on ignored pixels are ignored, and a border to them is a border.
    """
    ignored = ignored_label(num_classes)
    prediction = torch.where(mask == ignored, ignored, prediction)
    labelled, predicted = contour(mask, width), contour(prediction, width)
    both = labelled & predicted & (mask == prediction)

    def by_class(labels: Tensor, where: Tensor) -> Tensor:
        place = torch.where(where & (labels != ignored), labels.long(), num_classes)
        return histogram(place, num_classes + 1)[:num_classes]

    return torch.stack(
        [by_class(mask, labelled), by_class(prediction, predicted), by_class(mask, both)]
    )


def label_bands(
    mask: Integer[Tensor, "b H W"], measures: Measures = DEFAULT
) -> Int[Tensor, "b H W"]:
    """The band around the label's borders that contains each pixel, for all branches."""
    return band(mask, measures.trimap)
