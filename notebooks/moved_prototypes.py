"""A classifier in fifty lines: the example of notebook 05."""

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from segadapt.classifiers.base import Classifier
from segadapt.classifiers.parts.fixed_prototypes import fixed_prototypes
from segadapt.functional.cosine import cosine_scores
from segadapt.functional.prototypes import centers_by_class, to_maps, to_rows
from segadapt.structures import Branch, Prediction


class MovedPrototypes(Classifier):
    """Moves each fixed prototype toward its class's mean feature, by a learned step per class.

    It starts as the fixed cosine classifier: all steps are 0. There is no teacher, so the
    supervised loss of ``classifier=fixed`` trains it.

    Args:
        in_channels: Width of the decoder features.
        num_classes: Number of classes.
        tau: Scale of the cosine scores.
    """

    def __init__(self, in_channels: int, num_classes: int, *, tau: float = 15.0) -> None:
        super().__init__()
        self.tau = tau
        self.score = fixed_prototypes(in_channels, num_classes, bias=False)  # C
        self.step = nn.Parameter(torch.zeros(num_classes, 1))  # s
        self.teacher = None

    def forward(
        self,
        features: Float[Tensor, "b d h w"],
        target: Int[Tensor, "b h w"] | None = None,
    ) -> Prediction:
        """Score by C / |C| + s M / |M|, where M is the mean feature by the scores of C alone."""
        rows, grid = to_rows(features).contiguous(), features.shape[-2:]
        score = cosine_scores(rows, self.tau)
        fixed = F.normalize(self.score.weight.flatten(1), dim=1).expand(len(rows), -1, -1)
        coarse = score(fixed)
        mean = F.normalize(centers_by_class(coarse, rows), dim=2)
        moved = fixed + self.step * mean
        student = Branch(to_maps(score(moved), *grid), semantic=moved)
        return Prediction(student, coarse=Branch(to_maps(coarse, *grid)))
