"""Pixel losses against the labels."""

from collections.abc import Callable, Sequence
from typing import Final

import torch
from jaxtyping import Float, Integer
from torch import Tensor, nn

from segadapt.functional.cosine import accurate
from segadapt.functional.resize import upsample
from segadapt.losses.parts.fused import FusedLoss, fused_loss
from segadapt.losses.parts.pixel_weights import check_group
from segadapt.structures import Prediction, require
from segadapt.text.choices import check_choice

BRANCHES: Final = ("student", "coarse", "teacher", "auxiliary")
"""Branches of a prediction that have scores."""

OnePass = Callable[[Sequence[FusedLoss], Tensor, Tensor, bool, int | None], Tensor]
"""An implementation of :func:`segadapt.losses.parts.fused.fused_loss`."""


class Supervised(nn.Module):
    """Sum of pixel losses of one branch at the labels' resolution (L_c and L_g in SSA Eq. 3).

    Losses of this package share one pass that never holds the scores of a whole image. All others
    get the upsampled scores and the labels, as losses of torch and segmentation_models_pytorch
    expect, which takes the memory of these scores.

    Args:
        branch: Branch of the prediction to supervise.
        pixel: Losses called as ``loss(logits, mask)``.
        align_corners: Alignment of the resize: see :func:`segadapt.functional.resize.upsample`. The
                releases differ from term to term.
        group: Number of images per oracle group, for losses that average over groups; None for all.
        optional: Whether the term is skipped (returns None), rather than raising, if the branch
            does not exist.

    Attributes:
        one_pass: Implementation of the losses of this package; others than strips are chosen when a
                training starts, see ``loss.kernel``.

    Raises:
        ValueError: If the branch is unknown, or there is no loss.
    """

    def __init__(
        self,
        branch: str,
        pixel: Sequence[nn.Module],
        align_corners: bool = False,
        group: int | None = None,
        optional: bool = False,
    ) -> None:
        super().__init__()
        check_choice("branch", branch, BRANCHES)
        if not pixel:
            raise ValueError(f"the supervision of the {branch} branch has no pixel loss; add one")
        check_group(group)
        self.pixel = nn.ModuleList(pixel)
        self.branch, self.align_corners = branch, align_corners
        self.group, self.optional = group, optional
        self.one_pass: OnePass = fused_loss
        # The only such check: whether a loss offers more than torch's signature.
        self.fused = [loss for loss in pixel if isinstance(loss, FusedLoss)]
        self.plain = [loss for loss in pixel if not isinstance(loss, FusedLoss)]

    def forward(
        self, prediction: Prediction, mask: Integer[Tensor, "b H W"]
    ) -> Float[Tensor, ""] | None:
        branch = getattr(prediction, self.branch)
        if branch is None and self.optional:
            return None
        logits = require(branch, f"{self.branch} branch").logits
        total = accurate(logits.new_zeros(()))
        if self.fused:
            fused = self.one_pass(self.fused, logits, mask, self.align_corners, self.group)
            total = total + fused
        if self.plain:
            scores = upsample(accurate(logits), mask.shape[-2:], self.align_corners)
            total = total + torch.stack([loss(scores, mask.long()) for loss in self.plain]).sum()
        return total
