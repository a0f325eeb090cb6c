"""A fixed classifier with as many parameters as an adaptive one: a control for size."""

from collections.abc import Callable

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from segadapt.classifiers.base import Classifier, StaticClassifier, remove_teachers
from segadapt.classifiers.parts.arguments import check_sizes
from segadapt.classifiers.parts.fixed_prototypes import dot, fixed_prototypes
from segadapt.functional.prototypes import to_maps, to_rows
from segadapt.structures import Branch, Prediction


class WideClassifier(StaticClassifier):
    """Refines every pixel by f + W_2 relu(W_1 f) and scores it against one prototype per class.

    The two layers are the projector of CAC (Eqs. 2 and 5: the first without bias), applied to
    pixels rather than prototypes. They are so wide that the classifier has as many parameters as
    another classifier's student. The scores of a pixel do not depend on the rest of its image. This
    is not a published method but a control, and it computes more than the classifier that it is
    compared with, since it works on every pixel instead of every class.

    Args:
        in_channels: Width of the decoder features.
        num_classes: Number of classes.
        like: Builds the classifier whose parameters are matched, without its teacher.
        dropout: Fraction of channels dropped before the scores, as in the fixed classifier.

    Raises:
        ValueError: If the other classifier has too few parameters.
    """

    def __init__(
        self,
        in_channels: int,
        num_classes: int,
        *,
        like: Callable[[int, int], Classifier],
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        check_sizes(in_channels, num_classes)
        self.dropout = nn.Dropout2d(dropout)
        self.score = fixed_prototypes(in_channels, num_classes, bias=True)
        fixed = (in_channels + 1) * num_classes
        extra = _student_parameters(like, in_channels, num_classes) - fixed
        hidden = round((extra - in_channels) / (2 * in_channels))
        if hidden < 1:
            raise ValueError(
                f"classifier.like has {extra} more parameters than the fixed classifier, too few "
                f"for a layer on {in_channels} channels; name an adaptive classifier"
            )
        self.refine = nn.Sequential(
            nn.Linear(in_channels, hidden, bias=False),
            nn.ReLU(inplace=True),
            nn.Linear(hidden, in_channels),
        )

    def forward(
        self,
        features: Float[Tensor, "b d h w"],
        target: Int[Tensor, "b h w"] | None = None,
    ) -> Prediction:
        rows = to_rows(features).contiguous()  # channels-last features: no copy
        refined = rows + self.refine(rows)
        logits = dot(refined.to(rows.dtype), self.score, self.dropout, tau=1.0)
        return Prediction(student=Branch(to_maps(logits, *features.shape[-2:])))


def _student_parameters(
    like: Callable[[int, int], Classifier], in_channels: int, num_classes: int
) -> int:
    with torch.device("meta"):  # shapes only; no random number is drawn
        other = like(in_channels, num_classes)
    remove_teachers(other)
    return sum(parameter.numel() for parameter in other.parameters())
