"""Pixel losses against the labels."""

from collections.abc import Sequence

from jaxtyping import Float, Int
from torch import Tensor, nn

from segadapt.functional.resize import upsample
from segadapt.structures import Prediction, need


class Supervised(nn.Module):
    """Sum of pixel losses of one branch at full resolution (L_c and L_g in SSA Eq. 3).

    Args:
        branch: Which branch of the prediction to supervise.
        pixel: Losses called as ``loss(logits, mask)``: torch's and smp's fit.
    """

    def __init__(self, branch: str, pixel: Sequence[nn.Module]) -> None:
        super().__init__()
        self.branch = branch
        self.pixel = nn.ModuleList(pixel)

    def forward(self, prediction: Prediction, mask: Int[Tensor, "b H W"]) -> Float[Tensor, ""]:
        branch = need(getattr(prediction, self.branch), f"{self.branch} branch")
        logits = upsample(branch.logits.float(), mask.shape[-2:])
        return sum(loss(logits, mask) for loss in self.pixel)
