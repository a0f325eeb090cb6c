"""Full precision for losses and closely compared scores, whatever the network's precision."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

Network = TypeVar("Network", bound=nn.Module)

Conversion = Callable[[Tensor], Tensor]
"""A function that a module applies to each of its tensors in ``to``, ``half``, ``cuda``, ..."""


def full_precision(device: torch.device) -> AbstractContextManager:
    """A context without autocast, on devices that have it (``meta`` does not)."""
    if not _has_autocast(device):
        return nullcontext()
    return torch.autocast(device.type, enabled=False)


def mixed_precision(device: torch.device, narrow: torch.dtype | None) -> AbstractContextManager:
    """Autocast to a type, or off for None; no effect on devices without autocast."""
    if narrow is None or not _has_autocast(device):
        return nullcontext()
    return torch.autocast(device.type, narrow)


def _has_autocast(device: torch.device) -> bool:
    if torch.compiler.is_compiling():  # torch up to 2.11 cannot trace the query itself
        return device.type != "meta"
    return torch.amp.is_autocast_available(device.type)


def product_type(values: Tensor) -> torch.dtype:
    """The type of a matrix product with these values: that of autocast, if it is on."""
    nothing = values.new_empty(0, 0)
    return (nothing @ nothing).dtype


def at_least_single(convert: Conversion) -> Conversion:
    """The same conversion, except that it never narrows a tensor below single precision.

    For the ``_apply`` of a module whose values need the precision: a moving average with momentum
    0.999 would never move in bfloat16 (``trainer.precision=bf16-true``), because the change is less
    than half a unit in the last place.
    """

    def converted(tensor: Tensor) -> Tensor:
        result = convert(tensor)
        narrowed = result.is_floating_point() and result.itemsize < 4 <= tensor.itemsize
        return tensor.to(result.device) if narrowed else result

    return converted


class SingleLayerNorm(nn.LayerNorm):
    """Layer normalisation that stays in single precision when a network is converted to half."""

    def _apply(self, fn: Conversion, recurse: bool = True) -> nn.Module:
        return super()._apply(at_least_single(fn), recurse)


def halved(network: Network) -> Network:
    """The network converted to half precision in place, its batch norms excepted.

    A variance above 65504, which features of magnitude 256 already have, would become infinite, and
    the layer's output zero. Batch norm computes in single precision from half-precision features
    anyway.
    """
    norms = [part for part in network.modules() if isinstance(part, _BatchNorm)]
    states = [norm.state_dict() for norm in norms]
    network.half()
    for norm, state in zip(norms, states, strict=True):
        norm.float().load_state_dict(state)
    return network
