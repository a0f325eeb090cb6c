"""Every branch of a classifier, measured over a data set."""

import copy
from collections.abc import Callable
from typing import Protocol, cast, runtime_checkable

import torch
from jaxtyping import Bool, Float, Int, Integer
from torch import Tensor, nn

from segadapt.evaluation.inference.methods import (
    Inference,
    Keep,
    best,
    shares_context,
    takes_labels,
)
from segadapt.evaluation.inference.strips import Size
from segadapt.evaluation.inference.views import Scorer
from segadapt.evaluation.metrics.confusion_matrix import (
    ConfusionMatrix,
    Scores,
    class_counts,
    count,
    scores,
)
from segadapt.evaluation.metrics.per_image import PerImage, by_name
from segadapt.functional.distributed import gathered
from segadapt.segmentor import Segmentor
from segadapt.structures import Batch, Prediction

BRANCHES = ("student", "coarse", "oracle")
"""The readings of an image that are evaluated; the first is what inference uses."""

Watch = Callable[[Bool[Tensor, ""]], None]
"""Is told whether all scores of an image were finite, on their device."""


@runtime_checkable
class Evaluated(Protocol):
    """What callbacks read of a task."""

    model: Segmentor
    evaluator: "Evaluator"
    results: dict[str, Scores]
    """Scores by branch, of the last validation."""
    images: PerImage | None
    """The student's counts of each image, of the same one."""


class Evaluator(nn.Module):
    """Counts the pixels that each branch gets right, at the labels' own size.

    Over several ranks nothing is exchanged before :meth:`compute`, so ranks may see different
    numbers of images, or none.

    Args:
        num_classes: Number of classes.
        inference: How an image becomes scores.
        oracle: Whether the branch that knows the labels is evaluated too. It is where the
            classifier has one and adapts once to the whole image.
    """

    def __init__(self, num_classes: int, inference: Inference, oracle: bool = True) -> None:
        super().__init__()
        self.num_classes, self.inference = num_classes, inference
        self.oracle = oracle and takes_labels(inference)
        self.counts = nn.ModuleDict({name: ConfusionMatrix(num_classes) for name in BRANCHES})
        self.seen: list[tuple[list[str], Int[Tensor, "b 3 k"]]] = []
        self.finite: list[Bool[Tensor, ""]] = []
        """Of each batch, whether its scores were."""

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
        found = branch_labels(
            model, self.inference, batch.image, size, mask, watch=self.finite.append
        )
        for name, prediction in found.items():
            self._count(name).update(prediction, batch.mask)
        pairs = zip(found["student"].split(1), batch.mask.split(1), strict=True)
        counts = [class_counts(count(*pair, self.num_classes)) for pair in pairs]
        self.seen.append((list(batch.name), torch.stack(counts)))

    def compute(self) -> dict[str, Int[Tensor, "k k"]]:
        """Pixels by label (row) and prediction (column) of the branches there are, on the CPU.

        Raises:
            ValueError: If scores were NaN or infinite, on any rank.
        """
        self._check_finite()
        counts = {}
        for name in BRANCHES:
            count = self._count(name)
            nothing = torch.zeros(0, 1, 1, dtype=torch.int64, device=count.device)
            count.update(nothing, nothing)  # else torchmetrics warns where a branch does not exist
            counts[name] = count.compute().cpu()
        return {
            name: confusion
            for name, confusion in counts.items()
            if name == "student" or confusion.any()
        }

    def scores(self) -> dict[str, Scores]:
        """IoU and accuracies of the branches there are."""
        return {name: scores(confusion) for name, confusion in self.compute().items()}

    def images(self) -> PerImage:
        """The student's counts of each image, from all ranks; every rank must ask."""
        names = [name for part, _ in self.seen for name in part]
        nothing = torch.zeros(0, 3, self.num_classes, dtype=torch.int64)
        own = torch.cat([nothing, *(counts.cpu() for _, counts in self.seen)])
        ranks = gathered((names, own))
        everything = [name for part, _ in ranks for name in part]
        return by_name(everything, torch.cat([counts for _, counts in ranks]).numpy())

    def reset(self) -> None:
        """Forget all counts."""
        self.seen.clear()
        self.finite.clear()
        for name in BRANCHES:
            self._count(name).reset()

    def _check_finite(self) -> None:
        finite = torch.stack(self.finite).tolist() if self.finite else []
        own = [names[0] for (names, _), good in zip(self.seen, finite, strict=True) if not good]
        if names := [name for part in gathered(own) for name in part]:
            raise ValueError(_nonfinite_scores(names[0], len(names)))

    def _count(self, name: str) -> ConfusionMatrix:
        return cast(ConfusionMatrix, self.counts[name])


@torch.no_grad()
def check_context(model: Segmentor, inference: Inference) -> None:
    """Refuse windows with one adaptation before the start, where the classifier cannot have it.

    Raises:
        ValueError: If it cannot.
    """
    if shares_context(inference):
        classifier = copy.deepcopy(model.classifier).eval()
        features = torch.ones(1, model.generator.channels, 4, 4)
        classifier.reuse(features, classifier(features))


def branch_labels(
    model: Segmentor,
    inference: Inference,
    image: Float[Tensor, "b c H W"],
    size: Size,
    mask: Integer[Tensor, "b _ _"] | None = None,
    watch: Watch | None = None,
) -> dict[str, Int[Tensor, "b H0 W0"]]:
    """The labels that each branch of the classifier predicts, from the same passes.

    Args:
        model: Network in evaluation mode.
        inference: How an image becomes scores.
        image: Network input.
        size: Rows and columns of the result.
        mask: Labels, for the oracle branch.
        watch: Takes note of scores that are not finite; without it they are an error at once.

    Raises:
        ValueError: If there are labels but the classifier adapts to anything but the whole image,
            or scores are NaN or infinite.
    """
    return branch_maps(model, inference, image, size, best, mask, watch)


def branch_maps(
    model: Segmentor,
    inference: Inference,
    image: Float[Tensor, "b c H W"],
    size: Size,
    keep: Keep,
    mask: Integer[Tensor, "b _ _"] | None = None,
    watch: Watch | None = None,
) -> dict[str, Tensor]:
    """What is kept of the scores of each branch, as :func:`branch_labels` keeps the labels."""
    network = _Network(model, image, mask)
    found = inference(network, image, size, keep=keep)
    (watch or refusing("the one at hand"))(torch.stack(network.finite).all())
    return dict(zip(network.names, found.chunk(len(network.names)), strict=True))


class _Network:
    """A network as inference sees it: its branches look like more images.

    Args:
        model: Network in evaluation mode.
        image: What it may see labels of.
        mask: Its labels, for the oracle branch, or None.
    """

    def __init__(self, model: Segmentor, image: Tensor, mask: Tensor | None) -> None:
        self.model, self.image, self.mask = model, image, mask
        self.names: list[str] = []
        self.finite: list[Bool[Tensor, ""]] = []
        """Of each pass, whether all scores were; they are looked at before they are resized."""

    def __call__(self, view: Float[Tensor, "b c _ _"]) -> Float[Tensor, "n k h w"]:
        return self._watched(self._stacked(self._seen(view)))

    def within(self, image: Float[Tensor, "b c _ _"]) -> Scorer:
        """Scores of parts of an image, by the classifier adapted to all of it."""
        context = self._seen(image)

        def score(view: Float[Tensor, "b c _ _"]) -> Float[Tensor, "n k h w"]:
            features = self.model.generator(view).pixels
            return self._watched(self._stacked(self.model.classifier.reuse(features, context)))

        return score

    def _seen(self, view: Tensor) -> Prediction:
        if self.mask is not None and view is not self.image:
            raise ValueError(
                "the oracle branch needs the image once and whole; take inference=whole, or "
                "inference=slide inference.context=global, for it"
            )
        return self.model(view, self.mask)

    def _watched(self, scores: Tensor) -> Tensor:
        self.finite.append(scores.isfinite().all())
        return scores

    def _stacked(self, prediction: Prediction) -> Tensor:
        branches = _branches(prediction)
        self.names[:] = branches
        return torch.cat(list(branches.values()))


def _branches(prediction: Prediction) -> dict[str, Tensor]:
    """Scores by branch, in the order of ``BRANCHES``."""
    branches = (prediction.student, prediction.coarse, prediction.teacher)
    return {
        name: branch.logits
        for name, branch in zip(BRANCHES, branches, strict=True)
        if branch is not None
    }


def refusing(name: str) -> Watch:
    """Makes scores of an image that are NaN or infinite an error that names it."""

    def refuse(finite: Bool[Tensor, ""]) -> None:
        if not finite:
            raise ValueError(_nonfinite_scores(name, 1))

    return refuse


def _nonfinite_scores(name: str, images: int) -> str:
    return (
        f"the network's scores are NaN or infinite for {images} image{'s' if images > 1 else ''}, "
        f"such as {name}, although its weights are finite: values within it overflow, so its "
        "predictions mean nothing; use an earlier checkpoint, or trainer.precision=32-true"
    )
