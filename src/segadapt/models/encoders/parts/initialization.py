"""Random weights and the ramp of stochastic depth of MSCAN, SeaFormer and AFFormer."""

import math

import torch
from torch import nn


def initialise(module: nn.Module) -> None:
    """Draw the weights of one layer as the three releases do; for :meth:`torch.nn.Module.apply`.

    Convolutions get variance 2 / (kernel area x output channels / groups), which for depthwise
    ones is far larger than torch's own fan-out rule; linear layers a normal of width 0.02 cut at
    two units. Biases are 0. Other layers keep torch's start.
    """
    match module:
        case nn.Conv2d():
            fan_out = math.prod(module.kernel_size) * module.out_channels // module.groups
            nn.init.normal_(module.weight, 0, math.sqrt(2 / fan_out))
        case nn.Linear():
            nn.init.trunc_normal_(module.weight, std=0.02)
        case _:
            return
    if module.bias is not None:
        nn.init.zeros_(module.bias)


def growing(last: float, blocks: int) -> list[float]:
    """Probabilities of skipping each of ``blocks``, from 0 evenly up to ``last``."""
    return torch.linspace(0, last, blocks, device="cpu").tolist()  # also under a meta device
