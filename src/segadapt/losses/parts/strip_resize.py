"""Bilinear resizing of a few images' scores, and its transpose, a strip of rows at a time.

Bilinear resizing is first along the columns (h to H, at the width of the feature grid) and then
along the rows (w to W). The first step is taken for whole images; the second, which makes the
large tensors, strip by strip. All maps are channels-last, which torch resizes three times faster,
and live in buffers that serve one strip after the other: fresh memory costs as much as arithmetic.
"""

import threading
from collections.abc import Iterator
from typing import Final

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

STRIP: Final = 2**22
"""Scores in a strip on the CPU (16 MB): few enough for its cache, enough for its threads, which
wait for each other once an operation."""

GPU_STRIP: Final = 2**24
"""Elsewhere, where larger strips mean fewer launches (64 MB; 512x256 pixels of 128 classes)."""

Size = tuple[int, int]

Strip = tuple[int, Float[Tensor, "m n k"]]
"""The number of its first row, and the scores of its pixels."""


def strip_rows(device: torch.device, row: int) -> int:
    """How many rows, or anything else, of ``row`` scores to take at a time."""
    budget = STRIP if device.type == "cpu" else GPU_STRIP
    return max(1, budget // row)


class Workspace:
    """Buffers by name, used again and again.

    Args:
        like: Gives their type and device.
    """

    def __init__(self, like: Float[Tensor, "*shape"]) -> None:
        self.like = like
        self.buffers: dict[str, Tensor] = {}

    def maps(
        self, name: str, images: int, channels: int, height: int, width: int
    ) -> Float[Tensor, "m c _ _"]:
        """Uninitialised channels-last maps, in the memory that this name had before."""
        needed = images * channels * height * width
        if name not in self.buffers or len(self.buffers[name]) < needed:
            self.buffers[name] = self.like.new_empty(needed)
        return self.buffers[name][:needed].view(images, height, width, channels).movedim(-1, 1)


def workspace(like: Float[Tensor, "*shape"]) -> Workspace:
    """Buffers for maps like this: on a CPU those of the last time.

    Fresh memory costs the CPU more than the arithmetic on it, and a GPU's allocator keeps memory by
    itself. What stays are a few strips per thread.
    """
    if like.device.type != "cpu":
        return Workspace(like)
    return _kept.workspaces.setdefault(like.dtype, Workspace(like.detach()))


class _Kept(threading.local):
    """Of each thread, its workspace of each type."""

    def __init__(self) -> None:
        self.workspaces: dict[torch.dtype, Workspace] = {}


_kept: Final = _Kept()


class Resizer:
    """Scores of a few images from the feature grid (h, w) to the labels' (H, W), and back.

    Args:
        grid: The size (h, w).
        size: The size (H, W).
        align_corners: See :func:`segadapt.functional.resize.upsample`.
        workspace: Where the maps are made.
    """

    def __init__(self, grid: Size, size: Size, align_corners: bool, workspace: Workspace) -> None:
        self.grid, self.size, self.align_corners = grid, size, align_corners
        self.workspace = workspace

    def in_one_strip(self, scores: Float[Tensor, "m k h w"]) -> bool:
        """Whether there will be one strip: always of several images (:func:`strip_rows`)."""
        return self._rows(scores) == self.size[0]

    def strips(self, scores: Float[Tensor, "m k h w"]) -> Iterator[Strip]:
        """Rows of pixels with the first row's number; each overwrites the strip before."""
        (images, classes), (height, width) = scores.shape[:2], self.size
        source = self.workspace.maps("source", images, classes, *self.grid)
        source.copy_(scores)
        tall = self.workspace.maps("tall", images, classes, height, self.grid[1])
        self._enlarge(source, tall)
        step = self._rows(scores)
        for start in range(0, height, step):
            rows = min(step, height - start)
            strip = self.workspace.maps("strip", images, classes, rows, width)
            self._enlarge(tall[:, :, start : start + rows], strip)
            yield start, strip.movedim(1, -1).view(images, -1, classes)

    def like(self, name: str, pixels: Float[Tensor, "m n k"]) -> Float[Tensor, "m n k"]:
        """Room for as many numbers as these pixels have scores, the same for each strip."""
        images, count, classes = pixels.shape
        return self.workspace.maps(name, images, classes, count, 1).movedim(1, -1)[:, :, 0]

    def put(self, start: int, pixels: Float[Tensor, "m n k"]) -> None:
        """Resize a strip of pixels back along the rows (transposed), from row ``start`` on."""
        images, _, classes = pixels.shape
        maps = pixels.view(images, -1, self.size[1], classes).movedim(-1, 1)
        self._reduce(maps, self._returned(images, classes)[:, :, start : start + maps.shape[2]])

    def back(self, out: Float[Tensor, "m k h w"]) -> None:
        """Resize what was put back along the columns (transposed)."""
        images, classes = out.shape[:2]
        maps = self.workspace.maps("back", images, classes, *self.grid)
        self._reduce(self._returned(images, classes), maps)
        out.copy_(maps)

    def _returned(self, images: int, classes: int) -> Float[Tensor, "m k H w"]:
        """Where pixels are put."""
        return self.workspace.maps("returned", images, classes, self.size[0], self.grid[1])

    def _rows(self, scores: Float[Tensor, "m k h w"]) -> int:
        """Of a strip."""
        (images, classes), (height, width) = scores.shape[:2], self.size
        most = height if images > 1 else strip_rows(scores.device, classes * width)
        return min(most, height)

    def _enlarge(self, maps: Tensor, out: Tensor) -> None:
        torch.ops.aten.upsample_bilinear2d.out(maps, out.shape[2:], self.align_corners, out=out)

    def _reduce(self, maps: Tensor, out: Tensor) -> None:
        if not maps.is_cpu and torch.are_deterministic_algorithms_enabled():
            out.copy_(transposed_by_autograd(maps, out, self.align_corners))
        else:
            torch.ops.aten.upsample_bilinear2d_backward.grad_input(
                maps, maps.shape[2:], out.shape, self.align_corners, grad_input=out
            )


def transposed_by_autograd(maps: Tensor, like: Tensor, align_corners: bool) -> Tensor:
    """The transposed resize by torch's own derivative.

    On a GPU the kernel above adds in an order that changes from run to run and refuses to work
    under ``torch.use_deterministic_algorithms``; ``F.interpolate`` then takes slower steps that do
    not.
    """
    with torch.enable_grad():
        zeros = torch.zeros_like(like).requires_grad_()
        larger = F.interpolate(
            zeros, size=tuple(maps.shape[2:]), mode="bilinear", align_corners=align_corners
        )
        (transposed,) = torch.autograd.grad(larger, zeros, maps)
    return transposed
