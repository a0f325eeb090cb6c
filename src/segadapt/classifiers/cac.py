"""Context-aware classifier (Tian et al., AAAI 2023)."""

from jaxtyping import Float, Int
from torch import Tensor, nn

from segadapt.classifiers.base import Classifier
from segadapt.classifiers.parts.arguments import check_adaptive, option
from segadapt.classifiers.parts.cac_forms import FORMS, Form
from segadapt.classifiers.parts.fixed_prototypes import COARSE_SCORES, fixed_prototypes
from segadapt.classifiers.parts.projectors import Projector
from segadapt.functional.masks import one_hot
from segadapt.functional.prototypes import (
    SCORES,
    centers_by_class,
    centers_by_label,
    pixels_per_class,
    to_maps,
    to_rows,
)
from segadapt.functional.resize import cell_label_rule
from segadapt.structures import Branch, Prediction, require


class CACClassifier(Classifier):
    """Moves each class prototype toward its mean feature in the current image.

    The student estimates that mean from the coarse prediction, the teacher from the ground truth.
    The defaults follow the released code; ``cac_paper`` follows the paper literally.

    Args:
        in_channels: Width of the decoder features.
        num_classes: Number of classes.
        tau: Scale of the cosine scores (Eqs. 3 and 6; Table 4, 1 to 3).
        dropout: Fraction of channels dropped on the coarse path only (release: 0.1; OCRNet and Eq.
            4: 0).
        oracle_group: Number of images whose labels the teacher pools: those of one GPU in the
            release (4; Swin-B and L: 2), 1 in Eq. 1, None for the whole batch.
        score: ``cosine`` or ``dot``, for the context-aware classifiers (Table 4 c, d).
        coarse_score: ``dot`` or ``cosine``, for the fixed classifier (Table 4 d, e).
        coarse_bias: Whether the fixed classifier has a bias (release: yes; Eq. 4: no; never with
            ``cosine``).
        student_form: How A_p is made: a key of ``FORMS`` (Table 5).
        teacher_form: How A_y is made.
        with_teacher: Whether the teacher exists (no: Table 2 b, c).
        cell_label: Pixel whose label a feature cell gets for the teacher: ``corner`` (release),
            ``center`` or ``majority``.
        coarse_gradient: Whether the gradient of the student's scores reaches the coarse scores that
            estimate C_p (release: yes).

    Examples:
        Each image has its own prototypes, and the teacher exists if labels are passed:

        >>> import torch
        >>> from segadapt.classifiers.cac import CACClassifier
        >>> classifier = CACClassifier(in_channels=8, num_classes=3)
        >>> features = torch.rand(2, 8, 4, 4)
        >>> first, second = classifier(features).student.semantic
        >>> torch.allclose(first, second)
        False
        >>> labels = torch.randint(3, (2, 4, 4))
        >>> classifier(features, labels).teacher.logits.shape
        torch.Size([2, 3, 4, 4])
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
        coarse_score: str = "dot",
        coarse_bias: bool = True,
        student_form: str = "concatenated",
        teacher_form: str = "concatenated",
        with_teacher: bool = True,
        cell_label: str = "corner",
        coarse_gradient: bool = True,
    ) -> None:
        super().__init__()
        check_adaptive(in_channels, num_classes, tau, oracle_group)
        self.tau = tau
        self.oracle_group = oracle_group
        self.cell_label = cell_label_rule(cell_label)
        self.coarse_gradient = coarse_gradient
        self.score = option(SCORES, score, "score")
        self.coarse_score = option(COARSE_SCORES, coarse_score, "coarse_score")
        self.student_form = option(FORMS, student_form, "student_form")
        self.teacher_form = option(FORMS, teacher_form, "teacher_form")
        self.dropout = nn.Dropout2d(dropout)
        self.coarse = fixed_prototypes(
            in_channels, num_classes, bias=coarse_bias and coarse_score == "dot"
        )
        self.student = _projector(self.student_form, in_channels)  # theta_p
        self.teacher = _projector(self.teacher_form, in_channels) if with_teacher else None

    def forward(
        self,
        features: Float[Tensor, "b d h w"],
        target: Int[Tensor, "b h w"] | None = None,
    ) -> Prediction:
        grid = features.shape[-2:]
        rows = to_rows(features).contiguous()  # channels-last features: no copy
        score = self.score(rows, self.tau)

        def branch(prototypes: Float[Tensor, "b k d"]) -> Branch:
            return Branch(to_maps(score(prototypes), *grid), semantic=prototypes)  # Eqs. 3, 6

        coarse = self.coarse_score(rows, self.coarse, self.dropout, self.tau)  # p
        guess = coarse if self.coarse_gradient else coarse.detach()
        estimated = centers_by_class(guess, rows)  # C_p, Eq. 4
        student = branch(self._formed(self.student_form, self.student, estimated))  # A_p, Eq. 5
        teacher = None
        if target is not None and self.teacher is not None:
            oracle = self._oracle(rows, target)  # C_y, Eq. 1
            teacher = branch(self._formed(self.teacher_form, self.teacher, oracle))  # A_y, Eq. 2
        return Prediction(student, Branch(to_maps(coarse, *grid)), teacher)

    def reuse(self, features: Float[Tensor, "b d h w"], context: Prediction) -> Prediction:
        grid, rows = features.shape[-2:], to_rows(features).contiguous()
        score = self.score(rows, self.tau)

        def again(branch: Branch) -> Branch:
            prototypes = require(branch.semantic, "adapted prototypes")
            return Branch(to_maps(score(prototypes), *grid), semantic=prototypes)

        coarse = self.coarse_score(rows, self.coarse, self.dropout, self.tau)
        teacher = None if context.teacher is None else again(context.teacher)
        return Prediction(again(context.student), Branch(to_maps(coarse, *grid)), teacher)

    def _oracle(
        self, rows: Float[Tensor, "b n d"], target: Int[Tensor, "b h w"]
    ) -> Float[Tensor, "b k d"]:
        member = to_rows(one_hot(target, self.coarse.out_channels, rows.dtype))
        weight = self.coarse.weight.flatten(1)
        return centers_by_label(member, pixels_per_class(member), rows, weight, self.oracle_group)

    def _formed(
        self, form: Form, theta: nn.Module, context: Float[Tensor, "b k d"]
    ) -> Float[Tensor, "b k d"]:
        weight = self.coarse.weight.flatten(1)
        return form.make(theta, context.to(weight.dtype), weight.expand_as(context))


def _projector(form: Form, channels: int) -> nn.Module:
    return Projector(channels, form.inputs) if form.inputs else nn.Identity()
