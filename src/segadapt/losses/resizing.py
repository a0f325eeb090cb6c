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

    def strips(
        self, scores: Float[Tensor, "m k h w"]
    ) -> Iterator[tuple[int, Float[Tensor, "m n k"]]]:
        """Rows of pixels with the first row's number; each overwrites the strip before.

        Of several images all rows come at once: they are few enough (:func:`strip_rows`).
        """
        (images, classes), (height, width) = scores.shape[:2], self.size
        source = self.workspace.maps("source", images, classes, *self.grid)
        source.copy_(scores)
        tall = self.workspace.maps("tall", images, classes, height, self.grid[1])
        self._enlarge(source, tall)
        step = height if images > 1 else strip_rows(scores.device, classes * width)
        for start in range(0, height, step):
            rows = min(step, height - start)
            strip = self.workspace.maps("strip", images, classes, rows, width)
            self._enlarge(tall[:, :, start : start + rows], strip)
            yield start, strip.movedim(1, -1).view(images, -1, classes)

    def pixels(self, name: str, images: int, pixels: int, channels: int) -> Float[Tensor, "m n c"]:
        """Room for numbers of some pixels, the same for each strip."""
        return self.workspace.maps(name, images, channels, pixels, 1).movedim(1, -1)[:, :, 0]

    def tall(self, name: str, images: int, channels: int) -> Float[Tensor, "m c H w"]:
        """Room for maps that :meth:`put` fills and :meth:`back` reads."""
        return self.workspace.maps(name, images, channels, self.size[0], self.grid[1])

    def put(
        self, tall: Float[Tensor, "m c H w"], start: int, pixels: Float[Tensor, "m n c"]
    ) -> None:
        """Resize a strip of pixels back along the rows (transposed), from row ``start`` on."""
        images, _, channels = pixels.shape
        maps = pixels.view(images, -1, self.size[1], channels).movedim(-1, 1)
        self._reduce(maps, tall[:, :, start : start + maps.shape[2]])

    def back(self, tall: Float[Tensor, "m c H w"]) -> Float[Tensor, "m c h w"]:
        """Resize maps back along the columns (transposed)."""
        maps = self.workspace.maps("back", len(tall), tall.shape[1], *self.grid)
        self._reduce(tall, maps)
        return maps

    def _enlarge(self, maps: Tensor, out: Tensor) -> None:
        torch.ops.aten.upsample_bilinear2d.out(maps, out.shape[2:], self.align_corners, out=out)

    def _reduce(self, maps: Tensor, out: Tensor) -> None:
        if maps.is_cuda and torch.are_deterministic_algorithms_enabled():
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
