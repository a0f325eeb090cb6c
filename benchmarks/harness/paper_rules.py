"""Cost of one module by the rule that reproduces SSA's Tables 1 and 2.

It is mmcv's counter on networks with synchronised batch normalisation: multiply-adds of
convolutions and linear layers, plus a choice of cheap layers at one per element.
"""

from collections.abc import Sequence
from functools import singledispatch
from math import prod

from torch import Tensor, nn


@singledispatch
def macs(module: nn.Module, image: Tensor | Sequence[Tensor], result: Tensor) -> int:
    """Multiply-adds of one call of a module; nothing, for types without a rule of their own.

    Batch normalisation has none: synchronised, it was unknown to the counter. Neither have GELU,
    softmax and attention.

    Args:
        module: Which is called.
        image: Its (first) argument; maps of several sizes for a convolution that joins them, which
            counts as if they were resized and concatenated, as the papers' networks do.
        result: What it returns.
    """
    return 0


@macs.register(nn.Conv1d)
@macs.register(nn.Conv2d)
@macs.register(nn.Conv3d)
def _convolution(module: nn.Conv2d, image: Tensor | Sequence[Tensor], result: Tensor) -> int:
    products = prod(module.kernel_size) * module.in_channels // module.groups
    return result.numel() * (products + (module.bias is not None))


@macs.register
def _transposed(module: nn.ConvTranspose2d, image: Tensor, result: Tensor) -> int:
    products = prod(module.kernel_size) * module.out_channels // module.groups
    return image.numel() * products + result.numel() * (module.bias is not None)


@macs.register
def _linear(module: nn.Linear, image: Tensor, result: Tensor) -> int:
    return image.numel() * module.out_features


@macs.register(nn.ReLU)
@macs.register(nn.ReLU6)
@macs.register(nn.PReLU)
@macs.register(nn.ELU)
@macs.register(nn.LeakyReLU)
@macs.register(nn.Upsample)
def _per_output(module: nn.Module, image: Tensor, result: Tensor) -> int:
    return result.numel()


@macs.register(nn.MaxPool2d)
@macs.register(nn.AvgPool2d)
@macs.register(nn.AdaptiveMaxPool2d)
@macs.register(nn.AdaptiveAvgPool2d)
def _per_input(module: nn.Module, image: Tensor, result: Tensor) -> int:
    return image.numel()


@macs.register
def _layer_norm(module: nn.LayerNorm, image: Tensor, result: Tensor) -> int:
    return image.numel() * (1 + module.elementwise_affine)


@macs.register
def _group_norm(module: nn.GroupNorm, image: Tensor, result: Tensor) -> int:
    return image.numel() * (1 + module.affine)


def nothing(module: nn.Module, image: Tensor, result: Tensor) -> int:
    """The projections of an attention that was counted as a whole, so not at all."""
    return 0


def as_convolution(module: nn.Linear, image: Tensor, result: Tensor) -> int:
    """A linear layer that the counted network writes as a 1x1 convolution, whose bias counts."""
    return image.numel() * module.out_features + result.numel() * (module.bias is not None)
