"""Distillation between the scores of teacher and student (CAC Eqs. 7 to 11, SSA Eqs. 8 to 12)."""

from collections.abc import Callable, Mapping
from typing import Final

import torch
from jaxtyping import Bool, Float, Int, Integer
from torch import Tensor, nn

from segadapt.functional.boundary import EDGES, boundary_band
from segadapt.functional.cosine import accurate
from segadapt.functional.resize import cell_label_rule, shrink
from segadapt.losses.parts.pixel_weights import check_group, pixel_weights
from segadapt.losses.parts.soft_cross_entropy import row_entropy, soft_cross_entropy
from segadapt.structures import Prediction, ignored_label, require
from segadapt.text.choices import check_choice

SOURCES: Final = ("teacher", "student", "coarse")
"""Branches whose entropy may weight the pixels (CAC Table 3 e, 1, 2)."""

AVERAGES: Final = ("present", "all")
"""Sets of classes over which the mean is taken."""

BOUNDARIES: Final[Mapping[str, Callable[[Tensor, int], Tensor] | None]] = {"none": None, **EDGES}
"""Functions that find boundary pixels."""


class ResponseDistillation(nn.Module):
    """Makes the student's scores resemble the teacher's, on the feature grid.

    The loss is a mean of the pixels' cross-entropy, weighted by the teacher's entropy within each
    class, and within its boundary and interior. The defaults follow the CAC release; SSA adds the
    boundary. Without ``entropy`` and ``class_wise`` it is the vanilla KL divergence (CAC Table 3 b;
    its constant, the teacher's entropy, is omitted).

    Args:
        label_mix: Fraction of the one-hot label in the student's target (release: 0.5; both papers:
            0).
        entropy: Whether pixels are weighted by an entropy (CAC Eq. 10; SSA Table 5 -H: no).
        entropy_source: Branch of the entropy: ``teacher``, ``student`` or ``coarse`` (CAC Table 3
            e, 1, 2).
        class_wise: Whether all classes have equal weight (CAC Eq. 11; SSA Table 5 -E: no).
        class_average: Classes of the mean: those ``present`` in the oracle group (release), or
            ``all`` (both papers), with the others counting as 0.
        boundary: ``none``, or the method that finds boundaries: ``canny`` (release) or ``change``.
            Both halves of a class have equal weight (SSA Eq. 10; Table 5 -B: none).
        edge_size: Width of the boundary, in cells of the feature grid (release: 3; paper: 4).
        border: Width of the frame in which boundaries do not count, in cells (release: 6; paper:
            0).
        group: Number of images per oracle group, over which all these means are taken before
            averaging over groups; None for the whole batch.
        cell_label: Rule for the label of a cell, as in the classifier: a key of
                ``functional.resize.CELL_LABELS``.

    Examples:
        With the released target, half teacher and half label, the loss is not 0 even for a student
        that equals its teacher:

        >>> import torch
        >>> from segadapt import Branch, Prediction
        >>> from segadapt.losses.response import ResponseDistillation
        >>> same = Branch(torch.zeros(1, 2, 4, 4))
        >>> prediction = Prediction(student=same, coarse=same, teacher=same)
        >>> mask = torch.zeros(1, 16, 16, dtype=torch.long)
        >>> ResponseDistillation(label_mix=0.5)(prediction, mask)
        tensor(0.6931)

    Raises:
        ValueError: If an argument is unknown or out of range.
    """

    def __init__(
        self,
        *,
        label_mix: float = 0.5,
        entropy: bool = True,
        entropy_source: str = "teacher",
        class_wise: bool = True,
        class_average: str = "present",
        boundary: str = "none",
        edge_size: int = 3,
        border: int = 6,
        group: int | None = None,
        cell_label: str = "corner",
    ) -> None:
        super().__init__()
        check_choice("entropy_source", entropy_source, SOURCES)
        check_choice("class_average", class_average, AVERAGES)
        check_choice("boundary", boundary, tuple(BOUNDARIES))
        if not 0 <= label_mix <= 1:
            raise ValueError(f"label_mix is {label_mix}; it must be from 0 to 1")
        if edge_size < 1 or border < 0:
            raise ValueError(
                f"edge_size is {edge_size} and border {border}; they must be at least 1 and 0 cells"
            )
        check_group(group)
        self.label_mix, self.group = label_mix, group
        self.cell_label = cell_label_rule(cell_label)
        self.entropy_source = entropy_source if entropy else None
        self.class_wise, self.all_classes = class_wise, class_average == "all"
        self.edges, self.edge_size, self.border = BOUNDARIES[boundary], edge_size, border

    def forward(self, prediction: Prediction, mask: Integer[Tensor, "b H W"]) -> Float[Tensor, ""]:
        student = prediction.student.logits
        teacher = require(prediction.teacher, "teacher").logits
        target = shrink(mask, student.shape[-2:], self.cell_label)
        weight = pixel_weights(
            target,
            student.shape[1],
            importance=self._importance(prediction).view(target.shape),
            boundary=self._boundary(target, student.shape[1]),
            class_wise=self.class_wise,
            all_classes=self.all_classes,
            group=self.group,
        )
        label = target.where(target != ignored_label(student.shape[1]), 0)
        return soft_cross_entropy(
            _rows(student), _rows(teacher), label.flatten(), weight.flatten(), self.label_mix
        )

    def _importance(self, prediction: Prediction) -> Float[Tensor, "n"]:
        if self.entropy_source is None:
            return torch.ones_like(_rows(prediction.student.logits.detach())[:, 0])
        branch = require(getattr(prediction, self.entropy_source), f"{self.entropy_source} branch")
        return row_entropy(_rows(branch.logits))

    def _boundary(
        self, target: Int[Tensor, "b h w"], num_classes: int
    ) -> Bool[Tensor, "b h w"] | None:
        if self.edges is None:
            return None
        return boundary_band(self.edges(target, num_classes), self.edge_size, self.border)


def _rows(logits: Float[Tensor, "b k h w"]) -> Float[Tensor, "n k"]:
    """One row per pixel: a view of the channels-last scores of classifiers."""
    return accurate(logits).movedim(1, -1).flatten(0, 2)
