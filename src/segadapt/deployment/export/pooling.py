"""Average pooling to a grid, in operations that export for any size."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor
from torch.overrides import TorchFunctionMode


class AnySizePooling(TorchFunctionMode):
    """Replaces ``F.adaptive_avg_pool2d`` by matrix products, wherever it is called.

    For maps of any size, the conversion of torch 2.10 to 2.15 to ONNX keeps the bins of the map
    that was traced, and other sizes give wrong values.
    """

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        replacement = average_pool if func is F.adaptive_avg_pool2d else func
        return replacement(*args, **(kwargs or {}))


def average_pool(
    input: Float[Tensor, "*batch h w"], output_size: int | Sequence[int | None]
) -> Float[Tensor, "*batch r c"]:
    """``F.adaptive_avg_pool2d``.

    Args:
        input: Maps.
        output_size: Rows and columns of the grid, as one number or two; None keeps a side as it is.
    """
    if isinstance(output_size, int):
        output_size = (output_size, output_size)
    rows, columns = output_size
    if rows == columns == 1:
        return input.mean((-2, -1), keepdim=True)
    if rows is not None:
        input = bins(rows, input.shape[-2], input) @ input
    if columns is not None:
        input = input @ bins(columns, input.shape[-1], input).T
    return input


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
