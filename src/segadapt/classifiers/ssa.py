"""Semantic and spatial adaptive classifier (Ma et al., 2024)."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final, cast

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from segadapt.classifiers.base import Classifier
from segadapt.classifiers.parts.arguments import (
    check_adaptations,
    check_adaptive,
    option,
)
from segadapt.classifiers.parts.fixed_prototypes import dot, fixed_prototypes
from segadapt.classifiers.parts.ssa_branch import SSABranch
from segadapt.classifiers.parts.ssa_position import ABSOLUTE, POSITIONS
from segadapt.functional.masks import one_hot
from segadapt.functional.prototypes import (
    SCORES,
    centers_by_class,
    centers_by_label,
    centers_by_position,
    pixels_per_class,
    to_maps,
    to_rows,
)
from segadapt.functional.resize import cell_label_rule
from segadapt.structures import Branch, Prediction

SPATIAL_CENTERS: Final[Mapping[str, Callable[[Tensor, Tensor], Tensor]]] = {
    "positions": centers_by_position,
    "classes": centers_by_class,
}
"""Dimension of the softmax over the coarse scores that makes P_c (Eq. 6, Table 6)."""

Contexts = tuple[Float[Tensor, "b k c"] | None, Float[Tensor, "b k c"] | None]
"""Inputs of the semantic and the spatial projector: c = 2d."""


class SSAClassifier(Classifier):
    """CAC with a positional twin for every prototype.

    The defaults follow the released code; ``ssa_paper`` follows the paper literally.

    Args:
        in_channels: Width of the decoder features.
        num_classes: Number of classes.
        tau: Scale of the cosine scores (release: 15).
        dropout: Fraction of channels dropped on the coarse path only (release: 0.1; OCRNet and Eq.
            1: 0).
        oracle_group: Number of images whose labels the teacher's semantic centres pool: those of
            one GPU in the release (4), 1 in the paper's figure, None for the whole batch.
        score: ``cosine`` (release) or ``dot`` (Eq. 2), for student and teacher.
        coarse_bias: Whether the fixed classifier has a bias (release: yes; Eq. 1: no).
        mix: Whether a bias-free linear layer follows S_p + P_p (release: yes; Eq. 2: no).
        projector_layers: Layers of phi_s and phi_p: 2 (release) or 1 (Eqs. 5 and 7).
        semantic: Whether semantic prototypes are adapted (SEPA, Table 3).
        spatial: Whether spatial prototypes are adapted (SPPA, Table 3).
        spatial_softmax: Over ``positions`` (Eq. 6) or ``classes`` (Table 6), to pool P_c.
        position: ``conditional``, ``sinusoidal`` or ``learnable`` encoding P_f (Table 7).
        position_size: Rows and columns of the ``learnable`` encoding, in feature cells.
        with_teacher: Whether the teacher exists.
        cell_label: Pixel whose label a feature cell gets for the teacher: ``corner`` (release),
            ``center`` or ``majority``.
        coarse_gradient: Whether the gradient of the student's scores reaches the coarse scores that
            estimate S_c and P_c (release: yes).

    Examples:
        Scores depend on where features lie, not only on what they are:

        >>> import torch
        >>> from segadapt.classifiers.ssa import SSAClassifier
        >>> classifier = SSAClassifier(in_channels=8, num_classes=3).eval()
        >>> features = torch.rand(1, 8, 4, 4)
        >>> scores = classifier(features).student.logits
        >>> mirrored = classifier(features.flip(3)).student.logits.flip(3)
        >>> torch.allclose(scores, mirrored, atol=1e-3)
        False

    Note:
        The paper does not say how pixels are scored without SEPA; here the fixed prototypes S take
        the place of S_p. Without SPPA there is neither P_f nor P_p.
    """

    def __init__(
        self,
        in_channels: int,
        num_classes: int,
        *,
        tau: float = 15.0,
        dropout: float = 0.1,
        oracle_group: int | None = 4,
        score: str = "cosine",
        coarse_bias: bool = True,
        mix: bool = True,
        projector_layers: int = 2,
        semantic: bool = True,
        spatial: bool = True,
        spatial_softmax: str = "positions",
        position: str = "conditional",
        position_size: int = 64,
        with_teacher: bool = True,
        cell_label: str = "corner",
        coarse_gradient: bool = True,
    ) -> None:
        super().__init__()
        check_adaptive(in_channels, num_classes, tau, oracle_group)
        check_adaptations(semantic, spatial)
        self.tau, self.oracle_group = tau, oracle_group
        self.cell_label, self.coarse_gradient = cell_label_rule(cell_label), coarse_gradient
        self.semantic, self.spatial = semantic, spatial
        self.score = option(SCORES, score, "score")
        self.spatial_center = option(SPATIAL_CENTERS, spatial_softmax, "spatial_softmax")
        self.dropout = nn.Dropout2d(dropout)
        self.coarse = fixed_prototypes(in_channels, num_classes, bias=coarse_bias)  # S
        encoding = option(POSITIONS, position, "position")
        self.position = encoding(in_channels, position_size) if spatial else None  # PE
        self.absolute = spatial and position in ABSOLUTE
        self.basis = nn.Embedding(num_classes, in_channels) if spatial else None  # P, N(0, 1)
        branch = partial(
            SSABranch, in_channels, projector_layers, semantic=semantic, spatial=spatial, mix=mix
        )
        self.student = branch()
        self.teacher = branch() if with_teacher else None

    def forward(
        self,
        features: Float[Tensor, "b d h w"],
        target: Int[Tensor, "b h w"] | None = None,
    ) -> Prediction:
        grid = features.shape[-2:]
        rows = to_rows(features).contiguous()  # channels-last features: no copy
        position = self._position(rows, grid)  # P_f
        score = self.score(rows if position is None else rows + position, self.tau)

        def maps(prototypes: Float[Tensor, "b k d"]) -> Float[Tensor, "b k h w"]:
            return to_maps(score(prototypes), *grid)

        coarse = dot(rows, self.coarse, self.dropout, self.tau)  # M_c, Eq. 1
        fixed = self.coarse.weight.flatten(1).expand(rows.shape[0], -1, -1)
        guess = coarse if self.coarse_gradient else coarse.detach()
        student = self.student(maps, fixed, *self._estimated(rows, position, guess))
        teacher = None
        if target is not None and self.teacher is not None:
            teacher = self.teacher(maps, fixed, *self._oracle(rows, position, target))
        return Prediction(student, Branch(to_maps(coarse, *grid)), teacher)

    def reuse(self, features: Float[Tensor, "b d h w"], context: Prediction) -> Prediction:
        """Classify the pixels of a part with the prototypes adapted to the whole image.

        Conditional positions are encoded in the part. They are those of the whole image except in
        the outermost cells, which see zeros where their neighbours outside the part would be.

        Raises:
            ValueError: If positions are absolute, because those of the part are unknown.
        """
        if self.absolute:
            raise ValueError(
                "classifier.position encodes the row and the column in the image, which a window "
                "does not know; set inference.context=window, or train with "
                "classifier.position=conditional"
            )
        grid, rows = features.shape[-2:], to_rows(features).contiguous()
        position = self._position(rows, grid)
        score = self.score(rows if position is None else rows + position, self.tau)
        fixed = self.coarse.weight.flatten(1).expand(rows.shape[0], -1, -1)

        def again(branch: SSABranch, whole: Branch) -> Branch:
            return branch.scored(
                lambda prototypes: to_maps(score(prototypes), *grid),
                fixed,
                whole.semantic,
                whole.spatial,
            )

        coarse = dot(rows, self.coarse, self.dropout, self.tau)
        teacher = None
        if context.teacher is not None and self.teacher is not None:
            teacher = again(cast(SSABranch, self.teacher), context.teacher)
        student = again(self.student, context.student)
        return Prediction(student, Branch(to_maps(coarse, *grid)), teacher)

    def _position(
        self, rows: Float[Tensor, "b n d"], grid: torch.Size
    ) -> Float[Tensor, "b n d"] | None:
        return None if self.position is None else to_rows(self.position(to_maps(rows, *grid)))

    def _estimated(
        self,
        rows: Float[Tensor, "b n d"],
        position: Float[Tensor, "b n d"] | None,
        coarse: Float[Tensor, "b n k"],
    ) -> Contexts:
        """The student's centres and the fixed prototypes: (S_c, S) and (P, P_c), as released."""
        semantic = spatial = None
        if self.semantic:
            weight = self.coarse.weight.flatten(1)
            semantic = _beside(centers_by_class(coarse, rows), weight, weight.dtype)
        if position is not None and self.basis is not None:
            basis = self.basis.weight
            spatial = _beside(basis, self.spatial_center(coarse, position), basis.dtype)
        return semantic, spatial

    def _oracle(
        self,
        rows: Float[Tensor, "b n d"],
        position: Float[Tensor, "b n d"] | None,
        target: Int[Tensor, "b h w"],
    ) -> Contexts:
        """The teacher's centres from the labels: semantic over the oracle group, spatial per image.

        In the release the order is (centre, fixed) for both, unlike the student's. The spatial
        centre is a plain mean: a softmax over a binary mask would let pixels outside it count.
        """
        member = to_rows(one_hot(target, self.coarse.out_channels, rows.dtype))
        count = pixels_per_class(member)
        semantic = spatial = None
        if self.semantic:
            weight = self.coarse.weight.flatten(1)
            center = centers_by_label(member, count, rows, weight, self.oracle_group)
            semantic = _beside(center, weight, weight.dtype)
        if position is not None and self.basis is not None:
            basis = self.basis.weight
            center = centers_by_label(member, count, position, basis, group=1)
            spatial = _beside(center, basis, basis.dtype)
        return semantic, spatial


def _beside(left: Tensor, right: Tensor, dtype: torch.dtype) -> Float[Tensor, "b k c"]:
    """Both concatenated along the channels; the fixed one is repeated for each image."""
    return torch.cat(torch.broadcast_tensors(left, right), dim=2).to(dtype)
