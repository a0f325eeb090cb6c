"""Detailed evaluation of all branches of a classifier in the same passes."""

from typing import NamedTuple, cast

import torch
from jaxtyping import Float
from torch import Tensor, nn

from segadapt.evaluation.inference.branches import BRANCHES, Watch, branch_maps, refuse_nonfinite
from segadapt.evaluation.inference.methods import Inference, labels_and_confidence
from segadapt.evaluation.inference.settings import can_use_labels
from segadapt.evaluation.metrics.adaptation import (
    Adaptation,
    GapClosed,
    adaptation,
    gap_closed,
    outcome_counts,
)
from segadapt.evaluation.metrics.branch_metrics import (
    DEFAULT,
    BranchCounts,
    BranchMetrics,
    BranchOutput,
    Measures,
    label_bands,
)
from segadapt.functional.distributed import sum_over_ranks
from segadapt.segmentor import Segmentor
from segadapt.structures import Batch


class NetworkMetrics(NamedTuple):
    """Metrics of a network."""

    branches: dict[str, BranchMetrics]
    """Metrics by branch, the student's first."""
    adaptation: Adaptation | None
    """Effect of adaptation; None without a coarse branch."""
    gap: GapClosed | None
    """Gap closed to the oracle; None without an oracle."""


class DetailedEvaluator(nn.Module):
    """Counts what the evaluation of a finished training reports.

    Like :class:`segadapt.evaluation.evaluator.Evaluator`, which measures during training and does
    less, it exchanges nothing between ranks before the end, and ranks may see different numbers of
    images.

    Args:
        num_classes: Number of classes.
        inference: How an image becomes scores.
        measures: Measures in addition to IoU.
        oracle: Whether the branch that knows the labels is evaluated, if possible.
    """

    outcomes: Tensor

    def __init__(
        self,
        num_classes: int,
        inference: Inference,
        measures: Measures = DEFAULT,
        oracle: bool = True,
    ) -> None:
        super().__init__()
        self.num_classes, self.inference, self.measures = num_classes, inference, measures
        self.oracle = oracle and can_use_labels(inference)
        self.counts = nn.ModuleDict(
            {name: BranchCounts(num_classes, measures) for name in BRANCHES}
        )
        outcomes = torch.zeros(num_classes, 2, 2, dtype=torch.int64)
        self.register_buffer("outcomes", outcomes, persistent=False)

    @torch.no_grad()
    def update(self, model: Segmentor, batch: Batch) -> dict[str, BranchOutput]:
        """Evaluate images, and return the output of each branch.

        Args:
            model: Network in evaluation mode.
            batch: Images, and labels of their original size.

        Raises:
            ValueError: If scores are NaN or infinite.
        """
        size = (batch.mask.shape[-2], batch.mask.shape[-1])
        mask = batch.mask if self.oracle else None
        watch = refuse_nonfinite(batch.name[0])
        readings = branch_outputs(model, self.inference, batch.image, size, mask, watch)
        bands = label_bands(batch.mask, self.measures)
        for name, reading in readings.items():
            self._count(name).update(reading, batch.mask, bands)
        if "coarse" in readings:
            self.outcomes += outcome_counts(
                readings["coarse"].labels, readings["student"].labels, batch.mask, self.num_classes
            )
        return readings

    def findings(self) -> NetworkMetrics:
        """Metrics from the counts of all ranks; every rank must call this."""
        metrics = {name: self._count(name).findings() for name in BRANCHES}
        outcomes = adaptation(sum_over_ranks(self.outcomes))
        measured = {
            name: findings
            for name, findings in metrics.items()
            if name == "student" or findings.confusion.any()
        }
        gap = None
        if len(measured) == len(BRANCHES):
            gap = gap_closed(*(measured[name].scores for name in ("coarse", "student", "oracle")))
        return NetworkMetrics(measured, outcomes if "coarse" in measured else None, gap)

    def _count(self, name: str) -> BranchCounts:
        return cast(BranchCounts, self.counts[name])


def branch_outputs(
    model: Segmentor,
    inference: Inference,
    image: Float[Tensor, "b c H W"],
    size: tuple[int, int],
    mask: Tensor | None = None,
    watch: Watch | None = None,
) -> dict[str, BranchOutput]:
    """Labels and confidences of each branch, from the same passes (see ``branch_labels``)."""
    maps_by_branch = branch_maps(model, inference, image, size, labels_and_confidence, mask, watch)
    return {
        name: BranchOutput(maps[:, 0].long(), maps[:, 1]) for name, maps in maps_by_branch.items()
    }
