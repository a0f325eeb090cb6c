"""Memory for the strips of pixel losses, and how much of it to take."""

import threading
from typing import Final

import torch
from jaxtyping import Shaped
from torch import Tensor

STRIP: Final = 2**22
"""Scores in a strip on the CPU (16 MB): few enough for its cache, enough for its threads, which
wait for each other once an operation."""

GPU_STRIP: Final = 2**24
"""Elsewhere, where larger strips mean fewer launches (64 MB; 512x256 pixels of 128 classes)."""


def strip_rows(device: torch.device, row: int) -> int:
    """How many rows, or anything else, of ``row`` scores to take at a time."""
    budget = STRIP if device.type == "cpu" else GPU_STRIP
    return max(1, budget // row)


class Workspace:
    """Buffers by name, used again and again.

    Args:
        dtype: Their type.
        device: Where they are.
    """

    def __init__(self, dtype: torch.dtype, device: torch.device) -> None:
        self.dtype, self.device = dtype, device
        self.buffers: dict[str, Tensor] = {}

    def room(self, name: str, *shape: int) -> Shaped[Tensor, "*shape"]:
        """An uninitialised contiguous tensor, in the memory that this name had before."""
        needed = 1
        for side in shape:
            needed *= side
        if name not in self.buffers or len(self.buffers[name]) < needed:
            # What inference mode makes, a later training step may not write to.
            with torch.inference_mode(False):
                self.buffers[name] = torch.empty(needed, dtype=self.dtype, device=self.device)
        return self.buffers[name][:needed].view(shape)


def workspace(dtype: torch.dtype, device: torch.device) -> Workspace:
    """Buffers of this type: on a CPU those of the last time.

    Fresh memory costs the CPU more than the arithmetic on it, and a GPU's allocator keeps memory by
    itself. What stays are a few strips per thread.
    """
    if device.type != "cpu":
        return Workspace(dtype, device)
    return _kept.workspaces.setdefault(dtype, Workspace(dtype, device))


class _Kept(threading.local):
    """Of each thread, its workspace of each type."""

    def __init__(self) -> None:
        self.workspaces: dict[torch.dtype, Workspace] = {}


_kept: Final = _Kept()
