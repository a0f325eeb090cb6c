"""Class prototypes and the scores they give (CAC Eqs. 1 to 6, SSA Eqs. 2, 4, 6).

All functions work on rows: ``d`` numbers per pixel, the channels-last view of a map. Scores are
therefore channels-last, with the classes of a pixel side by side, which is the fastest layout for
softmax and bilinear resizing, and every step is one matrix product.
"""

from collections.abc import Callable, Mapping
from typing import Final

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from segadapt.functional.class_order import class_shares
from segadapt.functional.cosine import EPSILON, Score, accurate, cosine_scores
from segadapt.functional.precision import product_type

HEADROOM: Final = 64.0
"""Mass to which a class is scaled in float16: means below 1024 do not overflow, and a weight of one
in a million pixels does not vanish."""


def to_rows(maps: Float[Tensor, "b d h w"]) -> Float[Tensor, "b n d"]:
    """One row per pixel, as a view."""
    return maps.flatten(2).mT


def to_maps(rows: Float[Tensor, "b n d"], height: int, width: int) -> Float[Tensor, "b d h w"]:
    """Rows as channels-last maps, without a copy."""
    return rows.mT.unflatten(2, (height, width))


def dot_scores(rows: Float[Tensor, "b n d"], tau: float) -> Score:
    """Scores pixels by the inner product with the prototype (CAC Table 4 c, SSA Eq. 2).

    Args:
        rows: Pixel features.
        tau: Unused, because it scales cosines only.
    """

    def score(prototypes: Float[Tensor, "b k d"]) -> Float[Tensor, "b n k"]:
        return rows @ prototypes.to(rows.dtype).mT

    return score


SCORES: Final[Mapping[str, Callable[[Tensor, float], Score]]] = {
    "cosine": cosine_scores,
    "dot": dot_scores,
}
"""Functions by which adapted prototypes score a pixel."""


def centers_by_class(
    logits: Float[Tensor, "b n k"], rows: Float[Tensor, "b n d"]
) -> Float[Tensor, "b k d"]:
    """Mean row of each class, weighted by the class probabilities (CAC Eq. 4, SSA Eq. 4)."""
    weights = class_shares(accurate(logits))
    mass = weights.sum(1)
    return class_sums(weights, mass, rows) / (mass + EPSILON)[..., None]


def centers_by_position(
    logits: Float[Tensor, "b n k"], rows: Float[Tensor, "b n d"]
) -> Float[Tensor, "b k d"]:
    """Mean row of each class, weighted by the softmax of its scores over the pixels (SSA Eq. 6)."""
    weights = accurate(logits).softmax(1)
    return class_sums(weights, torch.ones_like(weights[:, 0]), rows)


def centers_by_label(
    member: Float[Tensor, "b n k"],
    count: Float[Tensor, "b k"],
    rows: Float[Tensor, "b n d"],
    fallback: Float[Tensor, "k d"],
    group: int | None,
) -> Float[Tensor, "b k d"]:
    """Mean row of each class by its labels, over the images of a group (CAC Eq. 1).

    Computed as a product with the one-hot labels, because index_add sums in an order that changes
    from run to run on a GPU, and sums half-precision features in half precision.

    Args:
        member: One-hot labels; all zero for an ignored pixel.
        count: :func:`pixels_per_class` of the labels.
        rows: Pixel features.
        fallback: Row used, without gradient, for a class without pixels in the group.
        group: Number of images that pool their pixels; None for all.
    """
    pixels = sum_over_group(count, group)[..., None]
    means = sum_over_group(class_sums(member, count, rows), group) / (pixels + EPSILON)
    return means.where(pixels > 0, fallback.detach().to(means.dtype))


def class_sums(
    weights: Float[Tensor, "b n k"], mass: Float[Tensor, "b k"], rows: Float[Tensor, "b n d"]
) -> Float[Tensor, "b k d"]:
    """Weighted sums of rows over the pixels, in single precision.

    A product is stored in the type of the rows, or in autocast's. A sum over all pixels of an image
    does not fit into float16, which ends at 65504 (65536 cells with a mean of 1 exceed it), and
    single weights are too small for it. There each class is scaled by its mass before the product.

    Args:
        weights: Weight of each pixel for each class.
        mass: Their sum over the pixels.
        rows: Pixel features.
    """
    if product_type(rows) != torch.float16:
        return accurate(weights.to(rows.dtype).mT @ rows)
    scale = HEADROOM / mass.detach().clamp_min(1e-6)  # cancels out, also in the gradient
    products = (weights * scale[:, None]).to(torch.float16).mT @ rows
    return accurate(products) / scale[..., None]


def pixels_per_class(member: Float[Tensor, "b n k"]) -> Float[Tensor, "b k"]:
    """Number of pixels of each class, exact whatever the precision of the one-hot labels."""
    return member.sum(1, dtype=torch.float32)


def sum_over_group(values: Float[Tensor, "b *rest"], group: int | None) -> Float[Tensor, "b *rest"]:
    """Sum over each image's group of consecutive images; the last group may be smaller."""
    images = len(values)
    if group is None or group >= images:
        return values.sum(0, keepdim=True).expand_as(values)
    missing = -images % group
    padded = F.pad(values, (0, 0) * (values.ndim - 1) + (0, missing)) if missing else values
    sums = padded.unflatten(0, (-1, group)).sum(1, keepdim=True)
    return sums.expand(-1, group, *values.shape[1:]).flatten(0, 1)[:images]
