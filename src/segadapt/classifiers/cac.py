"""Context-aware classifier (Tian et al., AAAI 2023)."""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from segadapt.classifiers.base import Classifier, Projector
from segadapt.functional.masks import one_hot
from segadapt.functional.prototypes import centers, cosine_scores
from segadapt.structures import Branch, Prediction


class CACClassifier(Classifier):
    """Moves each class prototype toward its mean feature in the image at hand.

    The student finds that mean with the coarse prediction, the teacher with
    the ground truth.

    Args:
        in_channels: Width of the decoder features.
        num_classes: Number of classes.
        tau: Scale of the cosine scores, Eq. 3.
    """

    def __init__(
        self, in_channels: int, num_classes: int, tau: float = 15.0, dropout: float = 0.1
    ) -> None:
        super().__init__()
        self.tau = tau
        self.dropout = nn.Dropout2d(dropout)
        self.coarse = nn.Conv2d(in_channels, num_classes, kernel_size=1)
        self.student = Projector(in_channels)  # theta_p
        self.teacher = Projector(in_channels)  # theta_y

    def forward(
        self,
        features: Float[Tensor, "b d h w"],
        target: Int[Tensor, "b h w"] | None = None,
    ) -> Prediction:
        coarse = self.coarse(self.dropout(features))
        estimated = centers(features, coarse.softmax(1))  # C_p, Eq. 4
        student = self._adapt(self.student, features, estimated)
        if target is None:
            return Prediction(student, Branch(coarse))

        present = one_hot(target, coarse.shape[1])
        absent = present.sum((2, 3))[..., None] == 0
        oracle = (
            self._weight(features).detach().where(absent, centers(features, present))
        )  # C_y, Eq. 1
        return Prediction(student, Branch(coarse), self._adapt(self.teacher, features, oracle))

    def _weight(self, features: Float[Tensor, "b d h w"]) -> Float[Tensor, "b k d"]:
        return self.coarse.weight.flatten(1).expand(len(features), -1, -1)

    def _adapt(
        self,
        projector: Projector,
        features: Float[Tensor, "b d h w"],
        context: Float[Tensor, "b k d"],
    ) -> Branch:
        prototypes = projector(torch.cat([context, self._weight(features)], dim=2))  # Eqs. 2, 5
        return Branch(
            cosine_scores(features, prototypes, self.tau), semantic=prototypes
        )  # Eqs. 3, 6
