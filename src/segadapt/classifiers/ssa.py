"""Semantic and spatial adaptive classifier (Ma et al., 2024)."""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from segadapt.classifiers.base import Classifier, Projector
from segadapt.functional.masks import one_hot
from segadapt.functional.prototypes import centers, cosine_scores
from segadapt.structures import Branch, Prediction


class SSABranch(nn.Module):
    """Adapts the semantic and spatial prototypes and scores pixels with their sum."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.semantic = Projector(channels)  # phi_s
        self.spatial = Projector(channels)  # phi_p
        self.mix = nn.Linear(channels, channels, bias=False)

    def forward(
        self,
        pixels: Float[Tensor, "b d h w"],
        semantic: Float[Tensor, "b k 2*d"],
        spatial: Float[Tensor, "b k 2*d"],
        tau: float,
    ) -> Branch:
        semantic, spatial = self.semantic(semantic), self.spatial(spatial)  # Eqs. 5, 7
        logits = cosine_scores(pixels, self.mix(semantic + spatial), tau)  # Eq. 2
        return Branch(logits, semantic, spatial)


class SSAClassifier(Classifier):
    """CAC with a positional twin for every prototype."""

    def __init__(
        self, in_channels: int, num_classes: int, tau: float = 15.0, dropout: float = 0.1
    ) -> None:
        super().__init__()
        self.tau = tau
        self.dropout = nn.Dropout2d(dropout)
        self.coarse = nn.Conv2d(in_channels, num_classes, kernel_size=1)
        self.position = nn.Conv2d(in_channels, in_channels, 3, padding=1, groups=in_channels)
        self.basis = nn.Embedding(num_classes, in_channels)
        self.student = SSABranch(in_channels)
        self.teacher = SSABranch(in_channels)

    def forward(
        self,
        features: Float[Tensor, "b d h w"],
        target: Int[Tensor, "b h w"] | None = None,
    ) -> Prediction:
        coarse = self.coarse(self.dropout(features))
        position = self.position(features)
        pixels = features + position

        student = self.student(
            pixels,
            self._beside_weight(centers(features, coarse.softmax(1))),  # Eq. 4
            self._beside_basis(
                centers(position, coarse.flatten(2).softmax(2).view_as(coarse))
            ),  # Eq. 6
            self.tau,
        )
        if target is None:
            return Prediction(student, Branch(coarse))

        present = one_hot(target, coarse.shape[1])
        absent = present.sum((2, 3))[..., None] == 0
        weight, basis = self.coarse.weight.flatten(1).detach(), self.basis.weight.detach()
        teacher = self.teacher(
            pixels,
            self._beside_weight(weight.where(absent, centers(features, present))),
            self._beside_basis(basis.where(absent, centers(position, present))),
            self.tau,
        )
        return Prediction(student, Branch(coarse), teacher)

    def _beside_weight(self, context: Float[Tensor, "b k d"]) -> Float[Tensor, "b k 2*d"]:
        return torch.cat([context, self.coarse.weight.flatten(1).expand_as(context)], dim=2)

    def _beside_basis(self, context: Float[Tensor, "b k d"]) -> Float[Tensor, "b k 2*d"]:
        return torch.cat([context, self.basis.weight.expand_as(context)], dim=2)
