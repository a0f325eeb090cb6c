"""Rows of pixels and prototypes whose cosines are the scores."""

from functools import singledispatch
from typing import NamedTuple, cast

from jaxtyping import Float
from torch import Tensor, nn

from segadapt.classifiers.base import Classifier
from segadapt.classifiers.parts.ssa_branch import SSABranch
from segadapt.classifiers.ssa import SSAClassifier
from segadapt.functional.prototypes import to_rows
from segadapt.structures import Branch, Prediction


class ScoreSpace(NamedTuple):
    """Rows and prototypes of student and teacher; None for a missing branch."""

    rows: Float[Tensor, "b n d"]
    student: Float[Tensor, "b k d"] | None
    teacher: Float[Tensor, "b k d"] | None


@singledispatch
def space(
    classifier: Classifier, features: Float[Tensor, "b d h w"], prediction: Prediction
) -> ScoreSpace:
    """Rows and prototypes of a classifier whose semantic prototypes score the features.

    A classifier that scores in another way registers its own function: ``@space.register``.

    Args:
        classifier: Classifier of the prediction.
        features: Its input.
        prediction: Its output.
    """
    student, teacher = prediction.student, prediction.teacher
    return ScoreSpace(
        to_rows(features), student.semantic, None if teacher is None else teacher.semantic
    )


@space.register
def _with_positions(
    classifier: SSAClassifier, features: Float[Tensor, "b d h w"], prediction: Prediction
) -> ScoreSpace:
    """Features plus their positions, scored by the mixed sum of both prototypes (SSA Eq. 2)."""
    position = classifier.position
    placed = features if position is None else features + position(features)
    teacher = None
    if prediction.teacher is not None:
        teacher = _mixed(classifier, cast(SSABranch, classifier.teacher), prediction.teacher)
    return ScoreSpace(
        to_rows(placed), _mixed(classifier, classifier.student, prediction.student), teacher
    )


def fixed(classifier: Classifier) -> Float[Tensor, "k d"]:
    """The prototypes that are the same in every image: those of ``coarse``, or else of ``score``.

    Raises:
        ValueError: If the classifier has neither.
    """
    modules = dict(classifier.named_children())
    module = modules.get("coarse", modules.get("score"))
    if module is None:
        raise ValueError(
            f"{type(classifier).__name__} has no fixed prototypes to draw; figures look for a 1x1 "
            "convolution called coarse or score"
        )
    return cast(nn.Conv2d, module).weight.detach().flatten(1)


def _mixed(classifier: SSAClassifier, module: SSABranch, branch: Branch) -> Float[Tensor, "b k d"]:
    weight = fixed(classifier).expand(len(branch.logits), -1, -1)
    return module.scored(lambda prototypes: prototypes, weight, branch.semantic, branch.spatial)[0]
