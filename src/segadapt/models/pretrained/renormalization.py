"""From the data's colour statistics to those that published weights were trained with."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from segadapt.functional.normalization import MEAN, STD


class Renormalize(nn.Module):
    """Images normalised by ImageNet's statistics, normalised by others instead.

    Data sets know nothing of weights: each network translates what it is given, so that its
    normalisation follows the tag of its weights however that is chosen. The statistics are kept in
    checkpoints.

    Note:
        What the data pads with is ImageNet's mean colour before and after.

    Args:
        mean: RGB, fractions of white.
        std: The same.
    """

    scale: Tensor
    shift: Tensor

    def __init__(self, mean: Sequence[float], std: Sequence[float]) -> None:
        super().__init__()
        # Also under a meta device, which has no numbers to compute with.
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
