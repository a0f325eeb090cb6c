"""Scores and labels of all branches of a prediction in one pass."""

from collections.abc import Callable, Collection

import torch
from jaxtyping import Bool, Float, Int, Integer, Num
from torch import Tensor

from segadapt.classifiers.base import with_teacher
from segadapt.evaluation.inference.methods import Inference, Keep, labels
from segadapt.evaluation.inference.strips import Size
from segadapt.evaluation.inference.views import Scorer
from segadapt.segmentor import Segmentor
from segadapt.structures import Prediction

BRANCHES = ("student", "coarse", "oracle")
"""Branches that are evaluated; inference uses the first one."""


Watch = Callable[[Bool[Tensor, ""]], None]
"""A function called with a tensor that says whether all scores of an image were finite."""


def branch_labels(
    model: Segmentor,
    inference: Inference,
    image: Float[Tensor, "b c H W"],
    size: Size,
    mask: Integer[Tensor, "b _ _"] | None = None,
    watch: Watch | None = None,
) -> dict[str, Int[Tensor, "b H0 W0"]]:
    """The labels that each branch of the classifier predicts, computed in the same passes.

    Args:
        model: Network in evaluation mode.
        inference: How an image becomes scores.
        image: Network input.
        size: Rows and columns of the result.
        mask: Labels, for the oracle branch.
        watch: Records scores that are not finite; without it they raise at once.

    Raises:
        ValueError: If there are labels but the classifier does not adapt once to the whole image,
            or scores are NaN or infinite.
    """
    return branch_maps(model, inference, image, size, labels, mask, watch)


def branch_maps(
    model: Segmentor,
    inference: Inference,
    image: Num[Tensor, "b c H W"],
    size: Size,
    keep: Keep,
    mask: Integer[Tensor, "b _ _"] | None = None,
    watch: Watch | None = None,
    branches: Collection[str] = BRANCHES,
) -> dict[str, Tensor]:
    """Values kept from the scores of each branch; generalises :func:`branch_labels`.

    Args:
        model: Network in evaluation mode.
        inference: How an image becomes scores.
        image: Network input, or the image from which the network computes it.
        size: Rows and columns of the result.
        keep: Function of the scores whose result is kept.
        mask: Labels, for the oracle branch.
        watch: Records scores that are not finite; without it they raise at once.
        branches: Branches to score, if the classifier has them; at least the student.

    Raises:
        ValueError: As :func:`branch_labels`.
    """
    network = _Network(model, image, mask, branches)
    maps = inference(network, image, size, keep=keep)
    (watch or refuse_nonfinite("the one at hand"))(torch.stack(network.finite).all())
    return dict(zip(network.names, maps.chunk(len(network.names)), strict=True))


class _Network:
    """A network as a scorer whose branches look like additional images.

    Args:
        model: Network in evaluation mode.
        image: The image for which it may see labels.
        mask: Its labels, for the oracle branch, or None.
        wanted: Branches to score.
    """

    def __init__(
        self, model: Segmentor, image: Tensor, mask: Tensor | None, wanted: Collection[str]
    ) -> None:
        self.model, self.image, self.mask, self.wanted = model, image, mask, wanted
        self.has_oracle = bool(with_teacher(model.classifier))
        self.names: list[str] = []
        self.finite: list[Bool[Tensor, ""]] = []
        """Whether all scores of each pass were finite, checked before they are resized."""

    def __call__(self, view: Num[Tensor, "b c _ _"]) -> Float[Tensor, "n k h w"]:
        return self._watched(self._stacked(self._seen(view)))

    def within(self, image: Num[Tensor, "b c _ _"]) -> Scorer:
        """A scorer of parts of an image, with the classifier adapted to the whole image."""
        context = self._seen(image)

        def score(view: Num[Tensor, "b c _ _"]) -> Float[Tensor, "n k h w"]:
            features = self.model.generator(view).pixels
            return self._watched(self._stacked(self.model.classifier.reuse(features, context)))

        return score

    def _seen(self, view: Tensor) -> Prediction:
        if self.mask is not None and view is not self.image:
            raise ValueError(
                "the oracle branch needs the whole image at once; use inference=whole, or "
                "inference=slide inference.context=global, for it"
            )
        features = self.model.generator(view).pixels  # the auxiliary scores are not read
        if self.mask is None or not self.has_oracle:  # nor other outputs that need labels
            return self.model.classifier(features)
        target = self.model.targets(self.mask, features.shape[-2:])
        return self.model.classifier(features, target)

    def _watched(self, scores: Tensor) -> Tensor:
        self.finite.append(scores.isfinite().all())
        return scores

    def _stacked(self, prediction: Prediction) -> Tensor:
        branches = {
            name: scores for name, scores in _branches(prediction).items() if name in self.wanted
        }
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


def refuse_nonfinite(name: str) -> Watch:
    """A watch that raises an error with the image's name if its scores are NaN or infinite."""

    def refuse(finite: Bool[Tensor, ""]) -> None:
        if not finite:
            raise ValueError(nonfinite_scores(name, 1))

    return refuse


def nonfinite_scores(name: str, images: int) -> str:
    """The error about scores that are not finite."""
    return (
        f"the network's scores are NaN or infinite for {images} image{'s' if images > 1 else ''}, "
        f"such as {name}, although its weights are finite: values within it overflow, so its "
        "predictions mean nothing; use an earlier checkpoint, or trainer.precision=32-true"
    )
