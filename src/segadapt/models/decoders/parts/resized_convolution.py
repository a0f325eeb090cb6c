"""Convolution of a map that is resized first, computed where the map has few cells."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from segadapt.functional.resize import upsample


def convolve_resized(
    coarse: Float[Tensor, "b c h w"], weight: Float[Tensor, "d c n m"], size: Sequence[int]
) -> Float[Tensor, "b d H W"]:
    """Same-size convolution, with zeros beyond the border, of a map after its bilinear resize.

    Resizing is linear and treats all channels alike. So each tap of the kernel can mix the channels
    on the coarse grid, and what it gives be resized and shifted: the products fall by the ratio of
    the cells, and the resized map, which backward would keep, is never made. The result is that of
    ``conv2d(upsample(coarse, size), weight)`` except for the order of the sums.

    Args:
        coarse: Map on its own grid.
        weight: Kernel with odd sides.
        size: Rows and columns of the resized map, which is never computed.
    """
    d, _, n, m = weight.shape
    if n == m == 1:
        return upsample(F.conv2d(coarse, weight), size)
    b, _, h, w = coarse.shape
    height, width = size
    taps = weight.permute(3, 2, 0, 1).flatten(0, 2)
    # One name for all intermediate results, so that each is freed when the next one exists.
    cells = coarse.permute(0, 2, 3, 1) @ taps.T
    cells = _spread(coarse, w, width, m) @ cells.reshape(b, h, w * m, n * d)
    cells = cells.reshape(b, h, width, n, d).transpose(2, 3).reshape(b, h * n, width * d)
    cells = _spread(coarse, h, height, n) @ cells
    return cells.reshape(b, height, width, d).permute(0, 3, 1, 2)


def _spread(like: Tensor, before: int, after: int, kernel: int) -> Float[Tensor, "_ _"]:
    """Linear resize of one axis, once for each tap of a kernel, shifted by it.

    Returns:
        ``[after, before * kernel]``, of the dtype and on the device of ``like``.
    """
    cells = torch.eye(before, device=like.device, dtype=like.dtype)
    resized = F.interpolate(cells[None], size=after, mode="linear")[0]
    shifted = F.pad(resized, (kernel // 2, kernel // 2)).unfold(1, kernel, 1)
    return shifted.transpose(0, 1).flatten(1)
