"""Memory for the strips of pixel losses, and its size."""

import math
import threading
from typing import Final

import torch
from jaxtyping import Shaped
from torch import Tensor

STRIP: Final = 2**22
"""Scores in a strip on the CPU (16 MB): few enough for its cache, and enough for its threads, which
synchronise in each operation."""

GPU_STRIP: Final = 2**24
"""Scores in a strip on other devices, where larger strips need fewer launches (64 MB; 512x256
pixels of 128 classes)."""


def strip_rows(device: torch.device, row: int) -> int:
    """Number of rows (or other units) of ``row`` scores to process at a time."""
    budget = STRIP if device.type == "cpu" else GPU_STRIP
    return max(1, budget // row)


class Workspace:
    """Reusable buffers by name.

    Args:
        dtype: Their type.
        device: Their device.
    """

    def __init__(self, dtype: torch.dtype, device: torch.device) -> None:
        self.dtype, self.device = dtype, device
        self.buffers: dict[str, Tensor] = {}
        # Most strips have the shape of the one before, and a view takes as long as a small sum.
        self._last: dict[str, tuple[tuple[int, ...], Tensor]] = {}

    def room(self, name: str, *shape: int) -> Shaped[Tensor, "*shape"]:
        """An uninitialised contiguous tensor in the memory previously used under this name."""
        if name in self._last and self._last[name][0] == shape:
            return self._last[name][1]
        needed = math.prod(shape)
        # A training step may not write to tensors made in inference mode.
        with torch.inference_mode(False):
            if name not in self.buffers or len(self.buffers[name]) < needed:
                self.buffers[name] = torch.empty(needed, dtype=self.dtype, device=self.device)
            room = self.buffers[name][:needed].view(shape)
        self._last[name] = shape, room
        return room


def workspace(dtype: torch.dtype, device: torch.device) -> Workspace:
    """Buffers of this type; on a CPU, those of the previous call.

    Allocating memory costs a CPU more than the arithmetic on it, whereas the allocator of a GPU
    caches memory itself. A few strips per thread remain allocated.
    """
    if device.type != "cpu":
        return Workspace(dtype, device)
    return _kept.workspaces.setdefault(dtype, Workspace(dtype, device))


class _Kept(threading.local):
    """The workspaces of each thread, by type."""

    def __init__(self) -> None:
        self.workspaces: dict[torch.dtype, Workspace] = {}


_kept: Final = _Kept()
