"""Bands of pixels around borders between labels, for metrics; 255 is a label like any other.

A square window holds a single label if and only if all 2x2 blocks in it do. The mixed blocks are
summed once (an integral image); then a window of any size costs four reads, and all widths share
the sums.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Int, Integer
from torch import Tensor

OUTSIDE = -1
"""The label outside the image, where the frame is a border."""


def contour(labels: Integer[Tensor, "b H W"], width: int) -> Bool[Tensor, "b H W"]:
    """Pixels that ``cv2.erode`` removes from the mask of their label; the frame erodes as well.

    This is the boundary region of Boundary IoU (Cheng et al., 2021, Sec. 4) as released, for the
    masks of all classes at once.

    Args:
        labels: Label maps.
        width: Width of the removed region, in pixels.
    """
    return _holds_border(_mixed_blocks(F.pad(labels.int(), (1,) * 4, value=OUTSIDE)), width)


def band(labels: Integer[Tensor, "b H W"], widths: Sequence[int]) -> Int[Tensor, "b H W"]:
    """The band around the borders that contains each pixel.

    A pixel is within ``w`` pixels of a border if another label is at most ``w`` rows and ``w``
    columns away. The frame is not a border.

    Args:
        labels: Label maps.
        widths: Widths of the bands, in pixels, increasing.

    Returns:
        0 within the first width, 1 within the second, ...; ``len(widths)`` beyond all.
    """
    rows, columns = (
        torch.arange(-1, side + 1, device=labels.device).clamp(0, side - 1)
        for side in labels.shape[1:]
    )
    sums = _mixed_blocks(labels[:, rows][:, :, columns])
    outside = torch.zeros(labels.shape, dtype=torch.int64, device=labels.device)
    for width in widths:
        outside += ~_holds_border(sums, width)
    return outside


def _mixed_blocks(framed: Integer[Tensor, "b h w"]) -> Int[Tensor, "b h w"]:
    """Integral image of the 2x2 blocks with several labels: [i, j] sums those above and left."""
    right, below = framed[:, :, 1:] != framed[:, :, :-1], framed[:, 1:] != framed[:, :-1]
    mixed = right[:, 1:] | right[:, :-1] | below[:, :, 1:] | below[:, :, :-1]
    sums = mixed.cumsum(1, dtype=torch.int32).cumsum(2, dtype=torch.int32)
    return F.pad(sums, (1, 0, 1, 0))


def _holds_border(sums: Int[Tensor, "b h w"], width: int) -> Bool[Tensor, "b H W"]:
    """Whether the window of ``width`` pixels to all sides of a pixel holds a mixed block.

    Args:
        sums: Integral image of label maps with a frame of one pixel.
        width: Reach of the window.
    """
    (top, bottom), (left, right) = (
        _window(side, width, sums.device) for side in (sums.shape[1], sums.shape[2])
    )
    rows = sums[:, bottom] - sums[:, top]
    return rows[:, :, right] > rows[:, :, left]


def _window(
    side: int, width: int, device: torch.device
) -> tuple[Int[Tensor, "n"], Int[Tensor, "n"]]:
    """First block and end of the blocks in each pixel's window, within the framed map."""
    pixel = torch.arange(1, side - 1, device=device)
    return (pixel - width).clamp_min(0), (pixel + width).clamp_max(side - 1)
