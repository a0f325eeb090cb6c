"""What casts to a precision, by Lightning's name of it; Lightning itself is not imported."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Final, NamedTuple, TypeVar

import torch
from torch import Tensor, nn

from segadapt.evaluation.precision_names import PRECISIONS
from segadapt.text.choices import check_choice

Module = TypeVar("Module", bound=nn.Module)

TYPES: Final = {
    "16": torch.float16,
    "bf16": torch.bfloat16,
    "32": torch.float32,
    "64": torch.double,
}


class Precision(NamedTuple):
    """What Lightning's trainer of a precision does to a network, its inputs and its passes."""

    dtype: torch.dtype
    """Of the network and its inputs."""
    autocast: torch.dtype | None
    """What passes are cast to on the way; None: nothing is cast."""
    device: str
    """Kind of the device."""

    def convert_module(self, module: Module) -> Module:
        """The network in its type, changed in place."""
        return module if self.dtype is torch.float32 else module.to(self.dtype)

    def convert_input(self, image: Tensor) -> Tensor:
        """Network input in its type; 8-bit images stay what they are."""
        return image.to(self.dtype) if image.is_floating_point() else image

    def forward_context(self) -> AbstractContextManager:
        """What a forward pass runs in."""
        if self.autocast is not None:
            return torch.autocast(self.device, dtype=self.autocast, cache_enabled=False)
        return nullcontext() if self.dtype is torch.float32 else _default_type(self.dtype)


def precision_plugin(name: str, device: torch.device) -> Precision:
    """What a trainer of this precision does to a network, its inputs and its passes.

    Raises:
        ValueError: If there is no such precision.
    """
    check_choice("precision", name, PRECISIONS)
    width, _, kind = name.partition("-")
    if kind == "mixed":
        return Precision(torch.float32, TYPES[width], device.type)
    return Precision(TYPES[width], None, device.type)


@contextmanager
def _default_type(dtype: torch.dtype) -> Iterator[None]:
    """Tensors that are made within it have this type by default."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(before)
