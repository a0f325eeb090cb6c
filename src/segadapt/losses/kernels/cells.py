"""Bilinear positions of pixels between cells of the feature grid, in Triton.

An ``axis`` holds the numbers of :class:`segadapt.losses.kernels.axis.Axis`, in its order. Positions
are quotients of integers, so they are exact for every size, whereas single precision has errors of
up to 1e-5 cells.
"""

from typing import no_type_check

import triton
import triton.language as tl


@triton.jit
@no_type_check
def position(pixel: tl.tensor, axis: tl.tuple) -> tl.tuple:
    """The cell at or before a pixel, and the distance of the pixel from it, in cells."""
    cells, step, shift, unit, _ = axis
    numerator = tl.maximum(pixel * step + shift, 0)
    lower = tl.minimum(numerator // unit, cells - 1)
    return lower, (numerator - lower * unit).to(tl.float32) / unit.to(tl.float32)


@triton.jit
@no_type_check
def first_pixel(cell: tl.tensor, axis: tl.tuple) -> tl.tensor:
    """The first pixel at or after a cell; 0 or the number of pixels for cells outside the grid."""
    cells, step, shift, unit, pixels = axis
    divisor = tl.maximum(step, 1)  # with a single cell and aligned corners there is no step
    numerator = tl.maximum(cell * unit - shift + divisor - 1, 0)  # the quotient is rounded up
    inside = tl.minimum(numerator // divisor, pixels)
    return tl.where(cell <= 0, 0, tl.where(cell >= cells, pixels, inside))


@triton.jit
@no_type_check
def column_weights(
    pixels: tl.tensor, inside: tl.tensor, numbers: tl.tensor, axis: tl.tuple
) -> tl.tensor:
    """Weights [pixels, numbers] of these cells of a row for each pixel."""
    lower, fraction = position(pixels, axis)
    upper = tl.minimum(lower + 1, axis[0] - 1)
    of_lower = tl.where(lower[:, None] == numbers[None, :], 1.0 - fraction[:, None], 0.0)
    of_upper = tl.where(upper[:, None] == numbers[None, :], fraction[:, None], 0.0)
    return tl.where(inside[:, None], of_lower + of_upper, 0.0)


@triton.jit
@no_type_check
def load_cells(
    image: tl.tensor, row: tl.tensor, numbers: tl.tensor, classes: tl.tensor, grid: tl.tuple
) -> tl.tensor:
    """Scores [numbers, classes] of cells of a row; 0 outside the grid or the classes.

    Args:
        image: Pointer to the image's scores, channels last.
        row: Number of the row; clamped to the grid.
        numbers: Numbers of the cells in the row.
        classes: Classes to load.
        grid: Rows, columns and classes of the image.
    """
    rows, columns, num_classes = grid
    nearest = tl.minimum(tl.maximum(row, 0), rows - 1).to(tl.int64)
    offsets = (nearest * columns + numbers) * num_classes
    here = ((numbers >= 0) & (numbers < columns))[:, None] & (classes < num_classes)[None, :]
    return tl.load(image + offsets[:, None] + classes[None, :], mask=here, other=0.0).to(tl.float32)
