"""The branches of a prediction, scored in one pass."""

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
"""The readings of an image that are evaluated; the first is what inference uses."""


Watch = Callable[[Bool[Tensor, ""]], None]
"""Called with whether all scores of an image were finite, on their device."""


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
    """What is kept of the scores of branches, as :func:`branch_labels` keeps the labels.

    Args:
        model: Network in evaluation mode.
        inference: How an image becomes scores.
        image: Network input, or what the network makes that of.
        size: Rows and columns of the result.
        keep: What to keep of the scores.
        mask: Labels, for the oracle branch.
        watch: Takes note of scores that are not finite; without it they are an error at once.
        branches: Which branches, where the classifier has them; at least the student.

    Raises:
        ValueError: As :func:`branch_labels`.
    """
    network = _Network(model, image, mask, branches)
    maps = inference(network, image, size, keep=keep)
    (watch or refuse_nonfinite("the one at hand"))(torch.stack(network.finite).all())
    return dict(zip(network.names, maps.chunk(len(network.names)), strict=True))


class _Network:
    """A network as inference sees it: its branches look like more images.

    Args:
        model: Network in evaluation mode.
        image: What it may see labels of.
        mask: Its labels, for the oracle branch, or None.
        wanted: Its branches that are scored.
    """

    def __init__(
        self, model: Segmentor, image: Tensor, mask: Tensor | None, wanted: Collection[str]
    ) -> None:
        self.model, self.image, self.mask, self.wanted = model, image, mask, wanted
        self.has_oracle = bool(with_teacher(model.classifier))
        self.names: list[str] = []
        self.finite: list[Bool[Tensor, ""]] = []
        """Of each pass, whether all scores were; they are looked at before they are resized."""

    def __call__(self, view: Num[Tensor, "b c _ _"]) -> Float[Tensor, "n k h w"]:
        return self._watched(self._stacked(self._seen(view)))

    def within(self, image: Num[Tensor, "b c _ _"]) -> Scorer:
        """Scores of parts of an image, by the classifier adapted to all of it."""
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
        features = self.model.generator(view).pixels  # nothing reads the auxiliary scores
        if self.mask is None or not self.has_oracle:  # nor what else labels are needed for
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
    """Makes scores of an image that are NaN or infinite an error that names it."""

    def refuse(finite: Bool[Tensor, ""]) -> None:
        if not finite:
            raise ValueError(nonfinite_scores(name, 1))

    return refuse


def nonfinite_scores(name: str, images: int) -> str:
    """The sentence about scores that nothing can be measured of."""
    return (
        f"the network's scores are NaN or infinite for {images} image{'s' if images > 1 else ''}, "
        f"such as {name}, although its weights are finite: values within it overflow, so its "
        "predictions mean nothing; use an earlier checkpoint, or trainer.precision=32-true"
    )
