"""The networks that adapt a prototype to its context."""

from collections.abc import Callable, Mapping
from typing import Final

from torch import nn


class Projector(nn.Sequential):
    """Two linear layers with a ReLU in between (theta in CAC Eqs. 2 and 5; phi in the SSA release).

    Args:
        channels: Width d of a prototype.
        inputs: Number of prototypes concatenated as the input.
    """

    def __init__(self, channels: int, inputs: int = 2) -> None:
        hidden = max(channels // 2, 1)
        super().__init__(
            nn.Linear(inputs * channels, hidden, bias=False),
            nn.ReLU(inplace=True),
            nn.Linear(hidden, channels),
        )


def single_layer(channels: int, inputs: int = 2) -> nn.Linear:
    """One linear layer (phi in SSA Eqs. 5 and 7: a 1x1 convolution of the prototypes)."""
    return nn.Linear(inputs * channels, channels)


PROJECTORS: Final[Mapping[int, Callable[[int], nn.Module]]] = {1: single_layer, 2: Projector}
"""Projectors by their number of layers."""
