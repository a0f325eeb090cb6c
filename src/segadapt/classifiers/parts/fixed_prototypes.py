"""The original classifier: one fixed prototype per class (CAC Sec. 3.1, SSA Eq. 1)."""

from collections.abc import Callable, Mapping
from typing import Final

import torch
from jaxtyping import Float
from torch import Tensor, nn

from segadapt.functional.cosine import cosine_scores


def fixed_prototypes(in_channels: int, num_classes: int, bias: bool) -> nn.Conv2d:
    """A 1x1 convolution; weight drawn from N(0, 0.01 squared) and bias 0, as released."""
    convolution = nn.Conv2d(in_channels, num_classes, kernel_size=1, bias=bias)
    nn.init.normal_(convolution.weight, std=0.01)
    if convolution.bias is not None:
        nn.init.zeros_(convolution.bias)
    return convolution


def dot(
    rows: Float[Tensor, "b n d"], convolution: nn.Conv2d, dropout: nn.Dropout2d, tau: float
) -> Float[Tensor, "b n k"]:
    """``convolution(dropout(features))``, without writing the dropped features.

    Dropout2d scales whole channels of an image, so scaling the columns of the weight for that image
    gives the same result. The random draw is the same too.
    """
    kept = kept_channels(rows, dropout)[:, None]
    weight = (convolution.weight.flatten(1) * kept).to(rows.dtype).mT
    if convolution.bias is None:
        return rows @ weight
    return torch.baddbmm(convolution.bias.to(rows.dtype), rows, weight)


def cosine(
    rows: Float[Tensor, "b n d"], convolution: nn.Conv2d, dropout: nn.Dropout2d, tau: float
) -> Float[Tensor, "b n k"]:
    """Tau times the cosine to the fixed prototype (CAC Table 4 b, e); uses no bias."""
    weight = convolution.weight.flatten(1).expand(rows.shape[0], -1, -1)
    kept = kept_channels(rows, dropout)[:, None]
    return cosine_scores(rows * kept.to(rows.dtype), tau)(weight)


def kept_channels(rows: Float[Tensor, "b n d"], dropout: nn.Dropout2d) -> Float[Tensor, "b d"]:
    """Factor that dropout gives each channel of each image; ones in evaluation."""
    images, _, channels = rows.shape
    return dropout(rows.new_ones(images, channels, 1, 1)).flatten(1)


COARSE_SCORES: Final[Mapping[str, Callable[..., Tensor]]] = {"dot": dot, "cosine": cosine}
"""Functions by which the fixed prototypes score a pixel."""
