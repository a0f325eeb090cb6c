"""Cross-entropy and Dice at full resolution, by torch's own functions on upsampled scores."""

import torch
import torch.nn.functional as F
from benchmarks.reference.branches import IGNORE
from jaxtyping import Float, Int
from torch import Tensor


def upsampled(
    logits: Float[Tensor, "b k h w"], mask: Int[Tensor, "b H W"], align_corners: bool
) -> Float[Tensor, "b k H W"]:
    """Scores of the labels' size."""
    size = (mask.shape[1], mask.shape[2])
    return F.interpolate(logits, size=size, mode="bilinear", align_corners=align_corners)


def mean_over_all(
    scores: Float[Tensor, "b k H W"], mask: Int[Tensor, "b H W"]
) -> Float[Tensor, ""]:
    """Cross-entropy averaged over all pixels; ignored ones count as 0."""
    return F.cross_entropy(scores, mask, ignore_index=IGNORE, reduction="none").mean()


def mean_over_valid(
    scores: Float[Tensor, "b k H W"], mask: Int[Tensor, "b H W"]
) -> Float[Tensor, ""]:
    """Cross-entropy averaged over the pixels with a label."""
    return F.cross_entropy(scores, mask, ignore_index=IGNORE)


def dice(scores: Float[Tensor, "b k H W"], mask: Int[Tensor, "b H W"]) -> Float[Tensor, ""]:
    """Dice of every image and class present in it, averaged; ignored pixels are negatives."""
    losses = []
    for image, labels in zip(scores, mask, strict=True):
        present = [label for label in labels.unique() if label != IGNORE]
        if not present:
            continue
        members = torch.stack([labels == label for label in present]).flatten(1).to(scores.dtype)
        shares = image[torch.stack(present)].flatten(1).sigmoid()
        overlap = 2 * (shares * members).sum(1) + 1
        losses.append(1 - overlap / (shares.sum(1) + members.sum(1) + 1))
    return torch.cat(losses).mean() if losses else scores.sum() * 0
