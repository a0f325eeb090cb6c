"""Conversion to the precisions of Lightning, without importing Lightning."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Final, NamedTuple, TypeVar

import torch
from torch import Tensor, nn

from segadapt.evaluation.precision_names import PRECISIONS
from segadapt.functional.precision import halved
from segadapt.text.choices import check_choice

Module = TypeVar("Module", bound=nn.Module)

TYPES: Final = {
    "16": torch.float16,
    "bf16": torch.bfloat16,
    "32": torch.float32,
    "64": torch.double,
}


class Precision(NamedTuple):
    """Conversions that Lightning applies to a network, its inputs and its passes."""

    dtype: torch.dtype
    """Type of the network and its inputs."""
    autocast: torch.dtype | None
    """Type of autocast in forward passes; None for no autocast."""
    device: str
    """Kind of the device."""

    def convert_module(self, module: Module) -> Module:
        """The network converted to its type in place.

        Note:
            Unlike Lightning, ``16-true`` does not narrow batch norms (see :func:`halved`).
        """
        if self.dtype is torch.float16:
            return halved(module)
        return module if self.dtype is torch.float32 else module.to(self.dtype)

    def convert_input(self, image: Tensor) -> Tensor:
        """Network input converted to its type; 8-bit images are unchanged."""
        return image.to(self.dtype) if image.is_floating_point() else image

    def forward_context(self) -> AbstractContextManager:
        """The context of a forward pass."""
        if self.autocast is not None:
            return torch.autocast(self.device, dtype=self.autocast, cache_enabled=False)
        return nullcontext() if self.dtype is torch.float32 else _default_type(self.dtype)


def precision_plugin(name: str, device: torch.device) -> Precision:
    """The conversions of a trainer with this precision.

    Raises:
        ValueError: If the precision is unknown.
    """
    check_choice("precision", name, PRECISIONS)
    width, _, kind = name.partition("-")
    if kind == "mixed":
        return Precision(torch.float32, TYPES[width], device.type)
    return Precision(TYPES[width], None, device.type)


@contextmanager
def _default_type(dtype: torch.dtype) -> Iterator[None]:
    """A context with this default type of tensors."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(before)
