"""Bilinear positions of pixels between cells of the feature grid, in Triton.

An ``axis`` holds the numbers of :class:`segadapt.losses.kernels.axis.Axis`, in its order. Positions
are quotients of integers, so that they are exact for every size, where single precision loses up to
1e-5 cells.
"""

from typing import no_type_check

import triton
import triton.language as tl


@triton.jit
@no_type_check
def position(pixel: tl.tensor, axis: tl.tuple) -> tl.tuple:
    """The cell at or before a pixel, and how far behind it the pixel lies."""
    cells, step, shift, unit, _ = axis
    numerator = tl.maximum(pixel * step + shift, 0)
    lower = tl.minimum(numerator // unit, cells - 1)
    return lower, (numerator - lower * unit).to(tl.float32) / unit.to(tl.float32)


@triton.jit
@no_type_check
def first_pixel(cell: tl.tensor, axis: tl.tuple) -> tl.tensor:
    """The first pixel at or behind a cell; 0 and the number of pixels for cells off the grid."""
    cells, step, shift, unit, pixels = axis
    divisor = tl.maximum(step, 1)  # there is no step with a single cell and aligned corners
    numerator = tl.maximum(cell * unit - shift + divisor - 1, 0)  # of a quotient rounded up
    inside = tl.minimum(numerator // divisor, pixels)
    return tl.where(cell <= 0, 0, tl.where(cell >= cells, pixels, inside))


@triton.jit
@no_type_check
def column_weights(
    pixels: tl.tensor, inside: tl.tensor, numbers: tl.tensor, axis: tl.tuple
) -> tl.tensor:
    """[pixels, numbers]: what each of these cells of a row gives to each pixel."""
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
    """[numbers, classes]: scores of cells of a row, 0 where there is no cell or no class.

    Args:
        image: Pointer to the image's scores, channels last.
        row: Number of the row; the nearest one is taken if there is none of this number.
        numbers: Of the cells in the row.
        classes: To load.
        grid: Rows, columns and classes of the image.
    """
    rows, columns, num_classes = grid
    nearest = tl.minimum(tl.maximum(row, 0), rows - 1).to(tl.int64)
    offsets = (nearest * columns + numbers) * num_classes
    here = ((numbers >= 0) & (numbers < columns))[:, None] & (classes < num_classes)[None, :]
    return tl.load(image + offsets[:, None] + classes[None, :], mask=here, other=0.0).to(tl.float32)
