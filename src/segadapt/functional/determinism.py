"""Replacements for operations that have no deterministic kernel on GPUs.

With ``trainer.deterministic=true`` torch refuses to run these operations there. Linear maps of a
grid become matrix products; the others become the decompositions that torch keeps for its compiler,
whose gradients are sums in a fixed order.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Final

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from segadapt.functional.cosine import accurate
from segadapt.functional.pooling import average_pool
from segadapt.functional.precision import full_precision
from segadapt.functional.replacing import Replacing

REFUSED: Final[Mapping[str, tuple[str, ...]]] = {
    "torch.nn.AvgPool3d": ("avg_pool3d_backward",),
    "torch.nn.AdaptiveAvgPool2d": ("_adaptive_avg_pool2d_backward",),
    "torch.nn.AdaptiveAvgPool3d": ("_adaptive_avg_pool3d_backward",),
    "torch.nn.AdaptiveMaxPool2d": ("adaptive_max_pool2d_backward",),
    "torch.nn.FractionalMaxPool2d": ("fractional_max_pool2d_backward",),
    "torch.nn.FractionalMaxPool3d": ("fractional_max_pool3d_backward",),
    "torch.nn.MaxUnpool1d": ("max_unpool2d",),
    "torch.nn.MaxUnpool2d": ("max_unpool2d",),
    "torch.nn.MaxUnpool3d": ("max_unpool3d",),
    "torch.nn.functional.interpolate": (
        "upsample_linear1d_backward",
        "upsample_bilinear2d_backward",
        "upsample_bicubic2d_backward",
        "upsample_trilinear3d_backward",
        "_upsample_bilinear2d_aa_backward",
        "_upsample_bicubic2d_aa_backward",
    ),
    "torch.nn.ReflectionPad1d": ("reflection_pad1d_backward",),
    "torch.nn.ReflectionPad2d": ("reflection_pad2d_backward",),
    "torch.nn.ReflectionPad3d": ("reflection_pad3d_backward",),
    # For torch up to 2.10; later versions replace them by themselves.
    "torch.nn.ReplicationPad1d": ("replication_pad1d_backward",),
    "torch.nn.ReplicationPad2d": ("replication_pad2d_backward",),
    "torch.nn.ReplicationPad3d": ("replication_pad3d_backward",),
    # In floating point, and for torch up to 2.11; no network or classifier here uses it.
    "torch.cumsum": ("cumsum", "cumsum_"),
    "torch.nn.MaxPool3d": ("max_pool3d_with_indices_backward",),
    # For label maps; the loss of rows, nll_loss, has a deterministic kernel.
    "torch.nn.NLLLoss": ("nll_loss2d_forward", "nll_loss2d_backward"),
    "torch.nn.CTCLoss": ("_ctc_loss_backward",),
    "torch.nn.EmbeddingBag": ("_embedding_bag_dense_backward",),
    "torch.Tensor.put_": ("put", "put_"),
    "torch.histc": ("histc",),
    "torch.bincount": ("bincount",),
    "torch.median": ("median.dim", "median.dim_values", "nanmedian.dim"),
    "torch.nn.functional.grid_sample": ("grid_sampler_2d_backward", "grid_sampler_3d_backward"),
    "torch.Tensor.scatter_reduce": (
        "scatter_reduce.two",
        "scatter_reduce_.two",
        "scatter.reduce",
        "scatter_.reduce",
    ),
    "torch.Tensor.index_reduce": ("index_reduce", "index_reduce_"),
    "torch.kthvalue": ("kthvalue",),
}
"""Operators of ATen that raise on a GPU, by the name under which torch documents them.

Source: the list in ``torch.use_deterministic_algorithms.__doc__`` of torch 2.15 (those that raise
only on other devices, or for quantised tensors, excepted), and ATen's ``alertNotDeterministic``.
"""

OPERATORS: Final = frozenset(name for names in REFUSED.values() for name in names)


def deterministic(device: torch.device) -> AbstractContextManager:
    """A context in which replaceable operations have the same gradients in every run.

    It acts only on GPUs, and only if torch is asked for deterministic algorithms.
    """
    return Replacing(REPLACED) if is_deterministic(device) else nullcontext()


def is_deterministic(device: torch.device) -> bool:
    """Whether :func:`deterministic` acts on a device."""
    return device.type != "cpu" and torch.are_deterministic_algorithms_enabled()


def interpolate(
    input: Tensor,
    size: Any = None,
    scale_factor: Any = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
    recompute_scale_factor: bool | None = None,
    antialias: bool = False,
) -> Tensor:
    """``F.interpolate`` as matrix products, where torch itself has no deterministic kernel.

    Torch has one for the modes ``nearest`` and ``bilinear`` without antialiasing.
    """
    rest: dict[str, Any] = {
        "mode": mode,
        "align_corners": align_corners,
        "recompute_scale_factor": recompute_scale_factor,
        "antialias": antialias,
    }
    if mode == "linear":
        lines = input[:, :, None]
        across = None if size is None else (1, *_listed(size, 1))
        stretch = None if scale_factor is None else (1.0, *_listed(scale_factor, 1))
        larger = interpolate(
            lines, across, stretch, "bilinear", align_corners, recompute_scale_factor
        )
        return larger[:, :, 0]
    if mode != "bicubic" and not antialias:
        return F.interpolate(input, size, scale_factor, **rest)
    sizes = None if size is None else _listed(size, 2)
    factors = None if scale_factor is None else _listed(scale_factor, 2)

    def resize(cells: Tensor, axis: int) -> Tensor:
        wide = cells.shape[-1]
        return F.interpolate(
            cells,
            None if sizes is None else (sizes[axis], wide),
            None if factors is None else (factors[axis], 1.0),
            **rest,
        )

    return _separable(input, resize)


def grid_sample(
    input: Tensor,
    grid: Tensor,
    mode: str = "bilinear",
    padding_mode: str = "zeros",
    align_corners: bool | None = None,
) -> Tensor:
    """``F.grid_sample`` of maps by torch's decomposition: a gather, whose gradient sorts."""
    if input.ndim != 4:
        return F.grid_sample(input, grid, mode, padding_mode, align_corners)
    modes, pads = ("bilinear", "nearest", "bicubic"), ("zeros", "border", "reflection")
    function = torch.ops.aten.grid_sampler_2d.default
    decomposed = torch._decomp.get_decompositions([function])[function]
    return decomposed(input, grid, modes.index(mode), pads.index(padding_mode), bool(align_corners))


REPLACED: Final[Mapping[Any, Callable[..., Tensor]]] = {
    F.adaptive_avg_pool2d: average_pool,
    F.interpolate: interpolate,
    F.grid_sample: grid_sample,
}


def _separable(
    maps: Float[Tensor, "*b h w"], resize: Callable[[Tensor, int], Tensor]
) -> Float[Tensor, "*b H W"]:
    """A linear map applied to rows, then columns, each by its matrix on the unit vectors."""

    def matrix(axis: int) -> Tensor:
        side = maps.shape[axis - 2]
        unit = torch.eye(side, dtype=accurate(maps[..., :0]).dtype, device=maps.device)
        with torch.no_grad():
            return resize(unit[None, None], axis)[0, 0]

    with full_precision(maps.device):
        return (matrix(0) @ accurate(maps) @ matrix(1).mT).to(maps.dtype)


def _listed(value: Any, number: int) -> Sequence[Any]:
    """One value for each axis."""
    return [value] * number if isinstance(value, int | float) else list(value)
