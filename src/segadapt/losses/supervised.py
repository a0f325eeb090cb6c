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
"""Of a prediction, those with scores."""

OnePass = Callable[[Sequence[FusedLoss], Tensor, Tensor, bool, int | None], Tensor]
"""A way to compute :func:`segadapt.losses.parts.fused.fused_loss`."""


class Supervised(nn.Module):
    """Sum of pixel losses of one branch at the labels' resolution (L_c and L_g in SSA Eq. 3).

    Those of this package share one pass that never holds the scores of a whole image, let alone of
    the batch. All others get the upsampled scores and the labels, as torch's and
    segmentation_models_pytorch's losses expect; that costs the memory of those scores.

    Args:
        branch: Which branch of the prediction to supervise.
        pixel: Losses called as ``loss(logits, mask)``.
        align_corners: How scores are resized: see :func:`segadapt.functional.resize.upsample`. The
            releases differ from term to term.
        group: Images of an oracle group, for losses that average over each; None for all.
        optional: Whether the term is skipped (None) where the branch does not exist, rather than
            refused.

    Attributes:
        one_pass: What computes the losses of this package; other ways than strips are chosen when a
            training starts, see ``loss.kernel``.

    Raises:
        ValueError: If there is no such branch, or no loss.
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
            raise ValueError(f"the supervision of the {branch} branch has no pixel loss; give one")
        check_group(group)
        self.pixel = nn.ModuleList(pixel)
        self.branch, self.align_corners = branch, align_corners
        self.group, self.optional = group, optional
        self.one_pass: OnePass = fused_loss
        # The one question of its kind here: whether a loss offers more than torch's signature.
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
