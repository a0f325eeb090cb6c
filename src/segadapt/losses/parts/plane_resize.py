"""Bilinear resizing of class planes by products with small matrices, for few classes on a CPU.

torch resizes planes, especially backward, one number at a time. A strip of rows needs only the few
rows of the feature grid below it, so its matrix has few columns, and the product costs little more
than reading and writing. Its transpose is the backward resize.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Final, NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from segadapt.losses.parts.layout import PLANES
from segadapt.losses.parts.strip_resize import Resizer, Rows, Size
from segadapt.losses.parts.workspace import Workspace

STRIP: Final = 2**18
"""Scores in a strip per thread: 1 MB, and as much for its gradient, which approximately fits into
the second-level cache. Several times as much is slower, as is a quarter of it."""

LOWEST: Final = 8
"""Least number of rows of a strip: below, most rows of the grid would be read for two strips."""

HIGHEST: Final = 32
"""Largest number of rows of a strip, unless it is small: above, products multiply mostly zeros."""

SMALL: Final = 2**17
"""Scores in a strip up to which more rows cost less than another strip, which takes about 0.1
ms."""

COLUMNS: Final = 64
"""Columns of pixels in one product, for the same reason."""


class Band(NamedTuple):
    """Neighbouring pixels along one side, and the cells from which they are computed."""

    pixels: slice
    cells: slice
    matrix: Float[Tensor, "pixels cells"]


@lru_cache(maxsize=32)
def bands(
    cells: int, pixels: int, align_corners: bool, step: int, dtype: torch.dtype
) -> dict[int, Band]:
    """The resize of one side as products of ``step`` pixels each, by the first pixel of each."""
    with torch.inference_mode(False), torch.no_grad():
        basis = torch.eye(cells, dtype=dtype)[None, :, :, None]
        resized = F.interpolate(
            basis, size=(pixels, 1), mode="bilinear", align_corners=align_corners
        )
        parts = resized[0, :, :, 0].T.split(step)
        return {number * step: _band(part, number * step) for number, part in enumerate(parts)}


def _band(part: Float[Tensor, "p cells"], start: int) -> Band:
    used = part.any(0).nonzero()[:, 0]
    cells = slice(int(used[0]), int(used[-1]) + 1)
    return Band(slice(start, start + len(part)), cells, part[:, cells].contiguous())


class PlaneResizer(Resizer):
    """Strips with one plane per class, row by row: (row, class, image, column).

    Args:
        grid: The size (h, w).
        size: The size (H, W).
        align_corners: See :func:`segadapt.functional.resize.upsample`.
        workspace: Memory for the planes, on a CPU.
    """

    layout = PLANES

    def __init__(self, grid: Size, size: Size, align_corners: bool, workspace: Workspace) -> None:
        self.grid, self.size, self.align_corners = grid, size, align_corners
        self.workspace = workspace
        self.columns = bands(grid[1], size[1], align_corners, COLUMNS, workspace.dtype)

    def images(self, classes: int) -> int:
        return max(1, self._budget() // (2 * LOWEST * classes * self.size[1]))

    def height(self, images: int, classes: int) -> int:
        row = images * classes * self.size[1]
        rows = min(self._budget() // row, max(HIGHEST, SMALL // row))
        strips = -(-self.size[0] // max(rows, LOWEST))
        return -(-self.size[0] // strips)  # avoid a last strip of few rows

    def strips(self, scores: Float[Tensor, "m k h w"]) -> Iterator[Rows]:
        images, classes, width = *scores.shape[:2], self.size[1]
        source = self.workspace.room("source", self.grid[0], classes, images, self.grid[1])
        source.copy_(scores.permute(2, 1, 0, 3))
        wide = self.workspace.room("wide", self.grid[0], classes * images * width)
        cells, pixels = source.view(-1, self.grid[1]), wide.view(-1, width)
        for band in self.columns.values():
            torch.mm(cells[:, band.cells], band.matrix.T, out=pixels[:, band.pixels])
        for start, band in self._rows(images, classes).items():
            strip = self.workspace.room("strip", len(band.matrix), classes, images, width)
            torch.mm(band.matrix, wide[band.cells], out=strip.view(len(strip), -1))
            yield start, strip

    def put(self, start: int, strip: Float[Tensor, "_ _ _ _"]) -> None:
        rows, classes, images = strip.shape[:3]
        returned = self._returned(images, classes)
        if start == 0:
            returned.zero_()
        band = self._rows(images, classes)[start]
        returned[band.cells].addmm_(band.matrix.T, strip.view(rows, -1))

    def back(self, out: Float[Tensor, "m k h w"]) -> None:
        images, classes = out.shape[:2]
        source = self.workspace.room("source", self.grid[0], classes, images, self.grid[1])
        cells, pixels = source.zero_().view(-1, self.grid[1]), self._returned(images, classes)
        for band in self.columns.values():
            strip = pixels.view(-1, self.size[1])[:, band.pixels]
            cells[:, band.cells].addmm_(strip, band.matrix)
        out.copy_(source.permute(2, 1, 0, 3))

    def _budget(self) -> int:
        """Number of scores in a strip; each thread has its own cache."""
        return STRIP * torch.get_num_threads()

    def _rows(self, images: int, classes: int) -> dict[int, Band]:
        """The rows of each strip, by its first row."""
        step = self.height(images, classes)
        return bands(self.grid[0], self.size[0], self.align_corners, step, self.workspace.dtype)

    def _returned(self, images: int, classes: int) -> Float[Tensor, "h _"]:
        """Memory for the strips resized back."""
        return self.workspace.room("returned", self.grid[0], classes * images * self.size[1])
