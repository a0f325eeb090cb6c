"""Renormalisation from the data's colour statistics to those of published weights."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from segadapt.functional.normalization import MEAN, STD


class Renormalize(nn.Module):
    """Converts images normalised by ImageNet's statistics to other statistics.

    Data sets do not depend on weights: each network converts its input, so that its normalisation
    follows the tag of its weights however it is chosen. The statistics are stored in checkpoints.

    Note:
        The data's padding is ImageNet's mean colour before and after the conversion.

    Args:
        mean: RGB, fractions of white.
        std: RGB, fractions of white.
    """

    scale: Tensor
    shift: Tensor

    def __init__(self, mean: Sequence[float], std: Sequence[float]) -> None:
        super().__init__()
        # This also works on a meta device, which has no values.
        given = zip(MEAN, STD, mean, std, strict=True)
        pairs = [(own / other, (at - to) / other) for at, own, to, other in given]
        scale, shift = zip(*pairs, strict=True)
        self.register_buffer("scale", torch.tensor(scale).view(3, 1, 1))
        self.register_buffer("shift", torch.tensor(shift).view(3, 1, 1))

    def forward(self, image: Float[Tensor, "b 3 H W"]) -> Float[Tensor, "b 3 H W"]:
        return image * self.scale + self.shift


def renormalization(mean: Sequence[float], std: Sequence[float]) -> nn.Module:
    """A module that renormalises the data's images for weights with these statistics."""
    same = tuple(mean) == MEAN and tuple(std) == STD
    return nn.Identity() if same else Renormalize(mean, std)
