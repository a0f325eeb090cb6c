"""Bilinear resizing of a few images' scores, and its transpose, a strip of rows at a time.

Bilinear resizing runs first along the columns (h to H, at the width of the feature grid) and then
along the rows (w to W). The first step is done for whole images; the second, which produces the
large tensors, strip by strip. All maps are in buffers reused for each strip, because allocating
memory costs as much as the arithmetic.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from segadapt.losses.parts.layout import PIXELS, Layout
from segadapt.losses.parts.workspace import Workspace, strip_rows

Size = tuple[int, int]

Rows = tuple[int, Float[Tensor, "_ _ _ _"]]
"""The number of a strip's first row, and its scores."""


class Resizer(ABC):
    """Scores of a few images from the feature grid (h, w) to the labels' (H, W), and back.

    Attributes:
        layout: Layout of the strips.
        workspace: Memory for the strips.
    """

    layout: Layout
    workspace: Workspace

    @abstractmethod
    def images(self, classes: int) -> int:
        """Number of images to process at a time."""

    @abstractmethod
    def height(self, images: int, classes: int) -> int:
        """Number of rows of each strip except the last one."""

    @abstractmethod
    def strips(self, scores: Float[Tensor, "m k h w"]) -> Iterator[Rows]:
        """Resized scores from top to bottom; each strip overwrites the one before."""

    @abstractmethod
    def put(self, start: int, strip: Float[Tensor, "_ _ _ _"]) -> None:
        """Resize a strip that begins at row ``start`` back along the rows (transposed)."""

    @abstractmethod
    def back(self, out: Float[Tensor, "m k h w"]) -> None:
        """Resize all strips passed to :meth:`put` back along the columns (transposed)."""


class PixelResizer(Resizer):
    """Strips with the classes of a pixel side by side: for many classes, and for a GPU.

    Maps are channels-last, which torch resizes several times faster than planes if there are many
    channels.

    Args:
        grid: The size (h, w).
        size: The size (H, W).
        align_corners: See :func:`segadapt.functional.resize.upsample`.
        workspace: Memory for the maps.
    """

    layout = PIXELS

    def __init__(self, grid: Size, size: Size, align_corners: bool, workspace: Workspace) -> None:
        self.grid, self.size, self.align_corners = grid, size, align_corners
        self.workspace = workspace

    def images(self, classes: int) -> int:
        return strip_rows(self.workspace.device, classes * self.size[0] * self.size[1])

    def height(self, images: int, classes: int) -> int:
        """All rows if there are several images (:meth:`images`)."""
        height, width = self.size
        return height if images > 1 else min(height, self._rows(classes * width))

    def strips(self, scores: Float[Tensor, "m k h w"]) -> Iterator[Rows]:
        (images, classes), (height, width) = scores.shape[:2], self.size
        source = self._maps("source", images, classes, *self.grid)
        source.copy_(scores)
        tall = self._maps("tall", images, classes, height, self.grid[1])
        self._enlarge(source, tall)
        step = self.height(images, classes)
        for start in range(0, height, step):
            rows = min(step, height - start)
            strip = self._maps("strip", images, classes, rows, width)
            self._enlarge(tall[:, :, start : start + rows], strip)
            yield start, strip.movedim(1, -1)

    def put(self, start: int, strip: Float[Tensor, "_ _ _ _"]) -> None:
        images, rows, _, classes = strip.shape
        returned = self._returned(images, classes)[:, :, start : start + rows]
        self._reduce(strip.movedim(-1, 1), returned)

    def back(self, out: Float[Tensor, "m k h w"]) -> None:
        images, classes = out.shape[:2]
        maps = self._maps("back", images, classes, *self.grid)
        self._reduce(self._returned(images, classes), maps)
        out.copy_(maps)

    def _rows(self, row: int) -> int:
        return strip_rows(self.workspace.device, row)

    def _returned(self, images: int, classes: int) -> Float[Tensor, "m k H w"]:
        """Memory for the strips resized back."""
        return self._maps("returned", images, classes, self.size[0], self.grid[1])

    def _maps(
        self, name: str, images: int, classes: int, height: int, width: int
    ) -> Float[Tensor, "m k _ _"]:
        """Channels-last maps."""
        return self.workspace.room(name, images, height, width, classes).movedim(-1, 1)

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

    On a GPU the kernel above adds in an order that changes from run to run, and refuses to work
    under ``torch.use_deterministic_algorithms``; ``F.interpolate`` then uses slower, deterministic
    steps.
    """
    with torch.enable_grad():
        zeros = torch.zeros_like(like).requires_grad_()
        larger = F.interpolate(
            zeros, size=tuple(maps.shape[2:]), mode="bilinear", align_corners=align_corners
        )
        (transposed,) = torch.autograd.grad(larger, zeros, maps)
    return transposed
