"""Average pooling to a grid as matrix products.

They have a deterministic gradient on GPUs, and programs and ONNX files of them take maps of any
size.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from segadapt.functional.cosine import accurate
from segadapt.functional.precision import full_precision


def average_pool(
    input: Float[Tensor, "*batch h w"], output_size: int | Sequence[int | None]
) -> Float[Tensor, "*batch r c"]:
    """``F.adaptive_avg_pool2d``.

    Args:
        input: Maps.
        output_size: Rows and columns of the grid, as one number or two; None keeps a side as it is.
    """
    sides = (output_size, output_size) if isinstance(output_size, int) else output_size
    rows, columns = sides
    if rows == columns == 1:
        return F.adaptive_avg_pool2d(input, 1)  # a mean
    with full_precision(input.device):
        pooled = accurate(input)
        if rows is not None:
            pooled = bins(rows, input.shape[-2], pooled) @ pooled
        if columns is not None:
            pooled = pooled @ bins(columns, input.shape[-1], pooled).mT
        return pooled.to(input.dtype)


def bins(count: int, cells: int, like: Tensor) -> Float[Tensor, "bins cells"]:
    """Weight of each cell of a side in each bin: bins cover the side evenly, and may overlap.

    Args:
        count: Bins.
        cells: Cells, which may be a symbol.
        like: Tensor with the device and type of the weights.
    """
    number = torch.arange(count, device=like.device)[:, None]
    position = torch.arange(cells, device=like.device)
    begin = torch.div(number * cells, count, rounding_mode="floor")
    end = torch.div((number + 1) * cells + count - 1, count, rounding_mode="floor")
    inside = (position >= begin) & (position < end)
    return inside.to(like.dtype) / (end - begin).to(like.dtype)
