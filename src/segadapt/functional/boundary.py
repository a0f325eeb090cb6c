"""Boundary bands of label maps, for SSA's response distillation (SSA Sec. 3.3, Eq. 10).

The release runs OpenCV's Canny on the label indices, on the host. Its thresholds (0.1 and 0.2) are
below any step between two integers, so every local maximum of the gradient is an edge and
hysteresis changes nothing. This leaves a closed formula of integers, which is computed on the
device.
"""

from collections.abc import Callable, Mapping
from typing import Final

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Integer
from torch import Tensor

from segadapt.structures import NARROW

TAN_22: Final = 13_573
"""tan(22.5 degrees) times 2**15, rounded as OpenCV does."""


def canny_edges(mask: Integer[Tensor, "b h w"], num_classes: int = NARROW) -> Bool[Tensor, "b h w"]:
    """``cv2.Canny(mask, 0.1, 0.2)`` of label indices from 0 to 255, exactly.

    An edge is one pixel thick, on the left or upper side of a straight step. OpenCV's function is
    limited to 255; beyond, the same formula is computed with 64-bit integers.

    Args:
        mask: Labels.
        num_classes: Number of classes, which bounds the labels.

    Note:
        The size of a step is the difference of two class numbers, so renumbering the classes moves
        some edges. This is a property of the published method; :func:`change_edges` lacks it.
    """
    padded = _framed(mask.int() if num_classes <= NARROW else mask.long(), "replicate")
    above, here, below = padded[:, :-2], padded[:, 1:-1], padded[:, 2:]
    columns, rows = above + 2 * here + below, below - above
    dx = columns[..., 2:] - columns[..., :-2]  # Sobel, 3x3
    dy = rows[..., :-2] + 2 * rows[..., 1:-1] + rows[..., 2:]
    magnitude = dx.abs() + dy.abs()
    return (magnitude > 0) & _is_maximum(magnitude, dx, dy)


def _is_maximum(
    magnitude: Integer[Tensor, "b h w"], dx: Integer[Tensor, "b h w"], dy: Integer[Tensor, "b h w"]
) -> Bool[Tensor, "b h w"]:
    """Non-maximum suppression along the direction of the gradient, one of four."""
    height, width = magnitude.shape[-2:]
    padded = _framed(magnitude, "constant")

    def beside(down: int, right: int) -> Integer[Tensor, "b h w"]:
        return padded[:, 1 + down : 1 + down + height, 1 + right : 1 + right + width]

    slope, level = dy.abs() << 15, dx.abs() * TAN_22
    horizontal = (magnitude > beside(0, -1)) & (magnitude >= beside(0, 1))
    vertical = (magnitude > beside(-1, 0)) & (magnitude >= beside(1, 0))
    falling = (magnitude > beside(-1, -1)) & (magnitude > beside(1, 1))
    rising = (magnitude > beside(-1, 1)) & (magnitude > beside(1, -1))
    diagonal = torch.where((dx < 0) ^ (dy < 0), rising, falling)
    steep = torch.where(slope > level + (dx.abs() << 16), vertical, diagonal)
    return torch.where(slope < level, horizontal, steep)


def change_edges(
    mask: Integer[Tensor, "b h w"], num_classes: int = NARROW
) -> Bool[Tensor, "b h w"]:
    """Pixels whose right or lower neighbour has another label, however the classes are numbered.

    As with Canny, a straight edge is one pixel thick, on the left or upper side.

    Args:
        mask: Labels.
        num_classes: Unused; it exists for the signature of :func:`canny_edges`.
    """
    right, below = mask[:, :, 1:] != mask[:, :, :-1], mask[:, 1:] != mask[:, :-1]
    return F.pad(right, (0, 1)) | F.pad(below, (0, 0, 0, 1))


EDGES: Final[Mapping[str, Callable[[Tensor, int], Tensor]]] = {
    "canny": canny_edges,
    "change": change_edges,
}
"""Functions that find the edges of a label map."""


def boundary_band(
    edges: Bool[Tensor, "b h w"], size: int, border: int = 0
) -> Bool[Tensor, "b h w"]:
    """Edges away from the frame, dilated by a square as ``cv2.dilate`` does.

    Args:
        edges: Binary map of edges.
        size: Side of the square, in pixels of the map: the width of the band.
        border: Edges within this distance of the frame, in pixels, are dropped first.
    """
    height, width = edges.shape[-2:]
    if min(height, width) <= 2 * border:
        return torch.zeros_like(edges)
    inside = edges[:, border : height - border, border : width - border]
    kept = F.pad(inside, (border,) * 4).to(torch.float32)
    before = size // 2  # an even square reaches one pixel further up and left
    after = size - 1 - before
    return F.max_pool2d(F.pad(kept, (before, after, before, after)), size, stride=1) > 0


def _framed(values: Integer[Tensor, "b h w"], mode: str) -> Integer[Tensor, "b _ _"]:
    """Integers of at most 24 bits, padded as floats because torch replicates only those."""
    return F.pad(values[:, None].float(), (1,) * 4, mode=mode)[:, 0].to(values.dtype)
