"""Every branch of a classifier, measured over a data set."""

from typing import Protocol, cast, runtime_checkable

import torch
from jaxtyping import Float, Int, Integer
from torch import Tensor, nn

from segadapt.functional.distributed import gathered
from segadapt.functional.strips import Size
from segadapt.functional.views import Scorer
from segadapt.inference import Inference, Keep, best, takes_labels
from segadapt.metrics import ConfusionMatrix, Scores, class_counts, count, scores
from segadapt.per_image import PerImage, by_name
from segadapt.segmentor import Segmentor
from segadapt.structures import Batch, Prediction

BRANCHES = ("student", "coarse", "oracle")
"""The readings of an image that are evaluated; the first is what inference uses."""


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
        found = branch_labels(model, self.inference, batch.image, size, mask)
        for name, prediction in found.items():
            self._count(name).update(prediction, batch.mask)
        pairs = zip(found["student"].split(1), batch.mask.split(1), strict=True)
        counts = [class_counts(count(*pair, self.num_classes)) for pair in pairs]
        self.seen.append((list(batch.name), torch.stack(counts)))

    def compute(self) -> dict[str, Int[Tensor, "k k"]]:
        """Pixels by label (row) and prediction (column) of the branches there are, on the CPU."""
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
        for name in BRANCHES:
            self._count(name).reset()

    def _count(self, name: str) -> ConfusionMatrix:
        return cast(ConfusionMatrix, self.counts[name])


def branch_labels(
    model: Segmentor,
    inference: Inference,
    image: Float[Tensor, "b c H W"],
    size: Size,
    mask: Integer[Tensor, "b _ _"] | None = None,
) -> dict[str, Int[Tensor, "b H0 W0"]]:
    """The labels that each branch of the classifier predicts, from the same passes.

    Args:
        model: Network in evaluation mode.
        inference: How an image becomes scores.
        image: Network input.
        size: Rows and columns of the result.
        mask: Labels, for the oracle branch.

    Raises:
        ValueError: If there are labels but the classifier adapts to anything but the whole image.
    """
    return branch_maps(model, inference, image, size, best, mask)


def branch_maps(
    model: Segmentor,
    inference: Inference,
    image: Float[Tensor, "b c H W"],
    size: Size,
    keep: Keep,
    mask: Integer[Tensor, "b _ _"] | None = None,
) -> dict[str, Tensor]:
    """What is kept of the scores of each branch, as :func:`branch_labels` keeps the labels."""
    network = _Network(model, image, mask)
    found = inference(network, image, size, keep=keep)
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

    def __call__(self, view: Float[Tensor, "b c _ _"]) -> Float[Tensor, "n k h w"]:
        return self._stacked(self._seen(view))

    def within(self, image: Float[Tensor, "b c _ _"]) -> Scorer:
        """Scores of parts of an image, by the classifier adapted to all of it."""
        context = self._seen(image)

        def score(view: Float[Tensor, "b c _ _"]) -> Float[Tensor, "n k h w"]:
            features = self.model.generator(view).pixels
            return self._stacked(self.model.classifier.reuse(features, context))

        return score

    def _seen(self, view: Tensor) -> Prediction:
        if self.mask is not None and view is not self.image:
            raise ValueError(
                "the oracle branch needs the image once and whole; take inference=whole, or "
                "inference=slide inference.context=global, for it"
            )
        return self.model(view, self.mask)

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
