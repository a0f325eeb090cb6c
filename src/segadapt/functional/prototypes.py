"""Class prototypes and the scores they give."""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor


def centers(
    features: Float[Tensor, "b d h w"], weights: Float[Tensor, "b k h w"]
) -> Float[Tensor, "b k d"]:
    """Weighted mean feature of each class (CAC Eqs. 1 and 4)."""
    weighted = torch.einsum("bkhw,bdhw->bkd", weights, features)
    return weighted / weights.sum((2, 3)).clamp_min(1e-12)[..., None]


def cosine_scores(
    features: Float[Tensor, "b d h w"], prototypes: Float[Tensor, "b k d"], tau: float
) -> Float[Tensor, "b k h w"]:
    """Scaled cosine similarity of every pixel to every prototype (CAC Eqs. 3 and 6)."""
    features, prototypes = F.normalize(features, dim=1), F.normalize(prototypes, dim=2)
    return tau * torch.einsum("bkd,bdhw->bkhw", prototypes, features)
