"""Full precision for losses, and for scores that are compared closely, whatever the network is."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor, nn

Conversion = Callable[[Tensor], Tensor]
"""What a module applies to each of its tensors in ``to``, ``half``, ``cuda``, ..."""


def full_precision(device: torch.device) -> AbstractContextManager:
    """Autocast switched off, on devices that have it (``meta`` has not)."""
    if not _has_autocast(device):
        return nullcontext()
    return torch.autocast(device.type, enabled=False)


def mixed_precision(device: torch.device, narrow: torch.dtype | None) -> AbstractContextManager:
    """Autocast to a type, or to none; nothing on devices that have no autocast."""
    if narrow is None or not _has_autocast(device):
        return nullcontext()
    return torch.autocast(device.type, narrow)


def _has_autocast(device: torch.device) -> bool:
    if torch.compiler.is_compiling():  # torch up to 2.11 cannot trace the question itself
        return device.type != "meta"
    return torch.amp.is_autocast_available(device.type)


def product_type(values: Tensor) -> torch.dtype:
    """The type in which a matrix product with these values is stored: autocast's, if it is on."""
    nothing = values.new_empty(0, 0)
    return (nothing @ nothing).dtype


def at_least_single(convert: Conversion) -> Conversion:
    """The same conversion, except that it never narrows a tensor below single precision.

    For the ``_apply`` of a module whose numbers half a mantissa cannot hold: an average that keeps
    0.999 of itself would never move in bfloat16 (``trainer.precision=bf16-true``), because the
    change is less than half a unit in the last place.
    """

    def converted(tensor: Tensor) -> Tensor:
        result = convert(tensor)
        narrowed = result.is_floating_point() and result.itemsize < 4 <= tensor.itemsize
        return tensor.to(result.device) if narrowed else result

    return converted


class SingleLayerNorm(nn.LayerNorm):
    """Layer normalisation that stays in single precision where a network is converted to half."""

    def _apply(self, fn: Conversion, recurse: bool = True) -> nn.Module:
        return super()._apply(at_least_single(fn), recurse)
