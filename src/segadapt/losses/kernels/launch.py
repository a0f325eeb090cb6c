"""Launching the Triton kernels for the scores of a batch, without waiting for the device."""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Final, NamedTuple

import torch
import triton
from jaxtyping import Float, Integer
from torch import Tensor

from segadapt.losses.kernels.axis import Axis, axis_of
from segadapt.losses.kernels.cell_gradients import cell_gradients
from segadapt.losses.kernels.log_normalizers import log_normalizers
from segadapt.losses.kernels.sigmoid_sums import sigmoid_sums

CELLS: Final = 16
"""Neighbouring cells of a row per program: the smallest side of a matrix product in Triton."""

PIXELS: Final = 64
"""Pixels of a row that a program holds at a time: those between 16 cells at stride 4. Equal for all
ratios, so that the check at the start compiles and tests the kernel of the training."""

PIXEL_ROWS: Final = 8
"""Rows of pixels per program that iterates over all classes."""

ROWS: Final = 8
"""Rows of cells per program that owns a block of classes."""

WARPS: Final = 4

PRECISIONS: Final[Mapping[torch.dtype, str]] = {
    torch.float32: "ieee",
    torch.bfloat16: "tf32x3",
    torch.float16: "tf32x3",
}
"""Precision of matrix products by the type of the scores. ``ieee``: single precision, no tensor
cores. ``tf32x3``: three products of TF32 parts, whose error (about 2**-21) is far below that of the
scores themselves."""


class Pixels(NamedTuple):
    """Scores and labels as inputs of the kernels."""

    scores: Float[Tensor, "b h w k"]
    labels: Integer[Tensor, "b H W"]
    rows: Axis
    columns: Axis

    @property
    def sizes(self) -> tuple[int, ...]:
        """Numbers that every kernel takes after its tensors."""
        return (*self.rows, *self.columns, self.scores.shape[3])

    @property
    def options(self) -> dict[str, Any]:
        """Constants that every kernel takes."""
        return {
            "PIXELS": PIXELS,
            "CELLS": CELLS,
            "CLASSES": class_block(self.scores.shape[3]),
            "PRECISION": PRECISIONS[self.scores.dtype],
            "num_warps": WARPS,
            "enable_fp_fusion": True,  # the default up to Triton 3.9
        }

    def grid(self, rows: int, columns: int, by_class: bool) -> tuple[int, int, int]:
        """Grid of programs: tiles of an image, images, blocks of classes."""
        classes = self.scores.shape[3]
        blocks = triton.cdiv(classes, class_block(classes)) if by_class else 1
        return rows * columns, len(self.scores), blocks


def class_block(classes: int) -> int:
    """Number of classes that a program computes at a time."""
    return 16 if classes <= 16 else 32


def pixels_of(
    logits: Float[Tensor, "b k h w"], mask: Integer[Tensor, "b H W"], align_corners: bool
) -> Pixels:
    """Inputs of the kernels; copies only scores that are not channels-last."""
    (height, width), (rows, columns) = mask.shape[1:], logits.shape[2:]
    return Pixels(
        logits.permute(0, 2, 3, 1).contiguous(),
        mask.contiguous(),
        axis_of(rows, height, align_corners),
        axis_of(columns, width, align_corners),
    )


def cross_entropy(
    pixels: Pixels, weights: Float[Tensor, "b k"]
) -> tuple[Float[Tensor, ""], Float[Tensor, "b H W"]]:
    """The sum over pixels of weight * (log sum exp - own score), and log sum exp of each pixel."""
    grid = pixels.grid(
        triton.cdiv(pixels.rows.pixels, PIXEL_ROWS),
        triton.cdiv(pixels.columns.cells, CELLS - 1),
        by_class=False,
    )
    normalizers = weights.new_empty(pixels.labels.shape)
    values = weights.new_empty(grid[:2])
    _launch(
        log_normalizers,
        grid,
        pixels,
        (pixels.labels, weights.contiguous(), normalizers, values),
        PIXEL_ROWS=PIXEL_ROWS,
    )
    return values.sum(), normalizers


def sums_of_sigmoid(pixels: Pixels) -> Float[Tensor, "3 b k"]:
    """Sums over each image of the sigmoid q, of q squared, and of q at pixels of the label."""
    images, rows, columns, classes = pixels.scores.shape
    grid = pixels.grid(triton.cdiv(rows, ROWS), triton.cdiv(columns, CELLS - 1), by_class=True)
    sums = torch.empty(
        images, grid[0], 3, classes, dtype=torch.float32, device=pixels.scores.device
    )
    _launch(sigmoid_sums, grid, pixels, (pixels.labels, sums), ROWS=ROWS)
    return sums.sum(1).movedim(1, 0)


def gradient(
    pixels: Pixels,
    weights: Float[Tensor, "b k"] | None,
    normalizers: Float[Tensor, "b H W"] | None,
    by_sigmoid: Float[Tensor, "b 3 k"] | None,
    upstream: Float[Tensor, ""],
) -> Float[Tensor, "b k h w"]:
    """The gradient by the scores, in their type and channels-last.

    Args:
        pixels: Scores and labels.
        weights: Weight of a pixel by its label in the cross-entropy; None without one.
        normalizers: Second result of :func:`cross_entropy`.
        by_sigmoid: Coefficients of the slopes of Dice; None without one.
        upstream: The gradient by this loss.
    """
    _, rows, columns, _ = pixels.scores.shape
    grid = pixels.grid(triton.cdiv(rows, ROWS), triton.cdiv(columns, CELLS - 2), by_class=True)
    out = torch.empty_like(pixels.scores)
    _launch(
        cell_gradients,
        grid,
        pixels,
        (
            pixels.labels,
            upstream if weights is None else weights.contiguous(),  # never read
            upstream if normalizers is None else normalizers,
            upstream if by_sigmoid is None else by_sigmoid.contiguous(),
            upstream.contiguous(),
            out,
        ),
        CROSS_ENTROPY=weights is not None,
        DICE=by_sigmoid is not None,
        ROWS=ROWS,
    )
    return out.permute(0, 3, 1, 2)


def _launch(
    kernel: Any,
    grid: tuple[int, int, int],
    pixels: Pixels,
    tensors: tuple[Tensor, ...],
    **constants: Any,
) -> None:
    if 0 in grid:  # empty result
        return
    with _on(pixels.scores.device):
        kernel[grid](pixels.scores, *tensors, *pixels.sizes, **constants, **pixels.options)


def _on(device: torch.device) -> AbstractContextManager:
    """A context for launches, because Triton uses the current device and its current stream."""
    return torch.cuda.device(device) if device.type == "cuda" else nullcontext()
