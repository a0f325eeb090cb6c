"""Evaluation of every branch of a classifier over a data set, during training."""

import copy
from typing import Protocol, cast, runtime_checkable

import torch
from jaxtyping import Bool, Int
from torch import Tensor, nn

from segadapt.evaluation.inference.branches import BRANCHES, branch_labels, nonfinite_scores
from segadapt.evaluation.inference.methods import Inference
from segadapt.evaluation.inference.settings import can_use_labels, shares_context
from segadapt.evaluation.metrics.confusion_matrix import (
    ConfusionMatrix,
    Scores,
    count,
    counts_by_class,
    scores,
)
from segadapt.evaluation.metrics.per_image import PerImage, by_name
from segadapt.functional.distributed import gathered
from segadapt.segmentor import Segmentor
from segadapt.structures import Batch


@runtime_checkable
class MeasuredTask(Protocol):
    """Attributes of a task that callbacks read."""

    model: Segmentor
    evaluator: "Evaluator"
    results: dict[str, Scores]
    """Scores of the last validation, by branch."""
    images: PerImage | None
    """The student's counts of each image in the last validation."""


class Evaluator(nn.Module):
    """Counts the pixels that each branch gets right, at the labels' own size.

    Over several ranks nothing is exchanged before :meth:`compute`, so ranks may see different
    numbers of images, or none.

    Args:
        num_classes: Number of classes.
        inference: How an image becomes scores.
        oracle: Whether the branch that knows the labels is evaluated as well, if the classifier has
            one and adapts once to the whole image.
    """

    def __init__(self, num_classes: int, inference: Inference, oracle: bool = True) -> None:
        super().__init__()
        self.num_classes, self.inference = num_classes, inference
        self.oracle = oracle and can_use_labels(inference)
        self.counts = nn.ModuleDict({name: ConfusionMatrix(num_classes) for name in BRANCHES})
        self.seen: list[tuple[list[str], Int[Tensor, "b 3 k"]]] = []
        self.finite: list[Bool[Tensor, ""]] = []
        """Whether the scores of each batch were finite."""

    @torch.no_grad()
    def update(self, model: Segmentor, batch: Batch) -> None:
        """Evaluate a batch.

        Args:
            model: Network in evaluation mode.
            batch: Images, and labels of their original size; there may be none.
        """
        if not batch.name:
            return
        size = (batch.mask.shape[-2], batch.mask.shape[-1])
        mask = batch.mask if self.oracle else None
        predictions = branch_labels(
            model, self.inference, batch.image, size, mask, watch=self.finite.append
        )
        for name, prediction in predictions.items():
            self._count(name).update(prediction, batch.mask)
        pairs = zip(predictions["student"].split(1), batch.mask.split(1), strict=True)
        counts = [counts_by_class(count(*pair, self.num_classes)) for pair in pairs]
        self.seen.append((list(batch.name), torch.stack(counts)))

    def compute(self) -> dict[str, Int[Tensor, "k k"]]:
        """Pixels by label (row) and prediction (column) for each branch, on the CPU.

        Raises:
            ValueError: If scores were NaN or infinite, on any rank.
        """
        self._check_finite()
        counts = {}
        for name in BRANCHES:
            count = self._count(name)
            nothing = torch.zeros(0, 1, 1, dtype=torch.int64, device=count.device)
            count.update(nothing, nothing)  # otherwise torchmetrics warns about a missing branch
            counts[name] = count.compute().cpu()
        return {
            name: confusion
            for name, confusion in counts.items()
            if name == "student" or confusion.any()
        }

    def scores(self) -> dict[str, Scores]:
        """IoU and accuracies of each branch."""
        return {name: scores(confusion) for name, confusion in self.compute().items()}

    def images(self) -> PerImage:
        """The student's counts of each image, from all ranks; every rank must call this."""
        names = [name for part, _ in self.seen for name in part]
        nothing = torch.zeros(0, 3, self.num_classes, dtype=torch.int64)
        own = torch.cat([nothing, *(counts.cpu() for _, counts in self.seen)])
        ranks = gathered((names, own))
        everything = [name for part, _ in ranks for name in part]
        return by_name(everything, torch.cat([counts for _, counts in ranks]).numpy())

    def reset(self) -> None:
        """Reset all counts."""
        self.seen.clear()
        self.finite.clear()
        for name in BRANCHES:
            self._count(name).reset()

    def _check_finite(self) -> None:
        finite = torch.stack(self.finite).tolist() if self.finite else []
        own = [names[0] for (names, _), good in zip(self.seen, finite, strict=True) if not good]
        if names := [name for part in gathered(own) for name in part]:
            raise ValueError(nonfinite_scores(names[0], len(names)))

    def _count(self, name: str) -> ConfusionMatrix:
        return cast(ConfusionMatrix, self.counts[name])


@torch.no_grad()
def check_context(model: Segmentor, inference: Inference) -> None:
    """Check before the start that the classifier supports ``context=global``, if requested.

    Raises:
        ValueError: If it does not.
    """
    if shares_context(inference):
        classifier = copy.deepcopy(model.classifier).eval()
        features = torch.ones(1, model.generator.channels, 4, 4)
        classifier.reuse(features, classifier(features))
