"""Triton kernel: the gradient of cross-entropy and Dice by the scores of the feature grid.

A program owns a few rows of 14 neighbouring cells and a block of classes. It computes all pixels
that its cells touch, including those shared with a neighbour, and writes only to its own cells. So
there are no atomic additions, and every run adds in the same order.
"""

from typing import no_type_check

import triton
import triton.language as tl

from segadapt.losses.kernels.cells import column_weights, first_pixel, load_cells
from segadapt.losses.kernels.slopes import slopes_between


@triton.jit
@no_type_check
def load_by_class(table: tl.tensor, classes: tl.tensor, num_classes: tl.tensor) -> tl.tuple:
    """Load the three rows of a table [3, num_classes] for these classes."""
    known = classes < num_classes
    first = tl.load(table + classes, mask=known, other=0.0)
    second = tl.load(table + num_classes + classes, mask=known, other=0.0)
    third = tl.load(table + 2 * num_classes + classes, mask=known, other=0.0)
    return first, second, third


@triton.jit
@no_type_check
def store_row(
    image: tl.tensor,
    values: tl.tensor,
    row: tl.tensor,
    numbers: tl.tensor,
    is_owned: tl.tensor,
    classes: tl.tensor,
    grid: tl.tuple,
) -> None:
    """Store [numbers, classes] in a row of the image's gradient."""
    _, columns, num_classes = grid
    offsets = (tl.cast(row, tl.int64) * columns + numbers) * num_classes
    here = (is_owned & (numbers < columns))[:, None] & (classes < num_classes)[None, :]
    out = image + offsets[:, None] + classes[None, :]
    tl.store(out, values.to(image.dtype.element_ty), mask=here)


@triton.jit(
    do_not_specialize=[
        *("height", "width", "row_step", "row_shift", "row_unit", "rows"),
        *("column_step", "column_shift", "column_unit", "columns"),
    ]
)
@no_type_check
def cell_gradients(
    scores: tl.tensor,
    labels: tl.tensor,
    weights: tl.tensor,
    normalizers: tl.tensor,
    by_sigmoid: tl.tensor,
    upstream: tl.tensor,
    gradient: tl.tensor,
    rows: tl.tensor,
    row_step: tl.tensor,
    row_shift: tl.tensor,
    row_unit: tl.tensor,
    height: tl.tensor,
    columns: tl.tensor,
    column_step: tl.tensor,
    column_shift: tl.tensor,
    column_unit: tl.tensor,
    width: tl.tensor,
    num_classes: tl.tensor,
    CROSS_ENTROPY: tl.constexpr,
    DICE: tl.constexpr,
    ROWS: tl.constexpr,
    PIXELS: tl.constexpr,
    CELLS: tl.constexpr,
    CLASSES: tl.constexpr,
    PRECISION: tl.constexpr,
) -> None:
    """Gradients from ``scores`` [images, rows, columns, num_classes] and ``labels`` [images, H, W].

    ``weights`` and ``normalizers`` are those of the kernel ``log_normalizers``; ``by_sigmoid``
    [images, 3, num_classes] holds the coefficients of :func:`segadapt.losses.kernels.slopes.
    dice_slopes`, and ``upstream`` one number, the gradient by the loss. Writes ``gradient``, of the
    shape of ``scores``.
    """
    row_axis = (rows, row_step, row_shift, row_unit, height)
    column_axis = (columns, column_step, column_shift, column_unit, width)
    grid = (rows, columns, num_classes)
    groups = tl.cdiv(columns, CELLS - 2)
    first_row = (tl.program_id(0) // groups) * ROWS
    first_cell = (tl.program_id(0) % groups) * (CELLS - 2) - 1  # the row before its own
    image = tl.program_id(1).to(tl.int64)
    classes = tl.program_id(2) * CLASSES + tl.arange(0, CLASSES)
    source = scores + image * rows * columns * num_classes
    target = gradient + image * rows * columns * num_classes
    of_image = (
        labels + image * height * width,
        weights + image * num_classes,
        normalizers + image * height * width,
    )
    coefficients = (0.0, 0.0, 0.0)
    if DICE:
        coefficients = load_by_class(by_sigmoid + image * 3 * num_classes, classes, num_classes)
    numbers = first_cell + tl.arange(0, CELLS)
    is_owned = (numbers > first_cell) & (numbers < first_cell + CELLS - 1)
    start = first_pixel(first_cell, column_axis)
    end = first_pixel(first_cell + CELLS - 1, column_axis)
    factor = tl.load(upstream)
    carried = tl.zeros([CELLS, CLASSES], tl.float32)  # contributions of the pixels before a row
    for row in range(first_row - 1, tl.minimum(first_row + ROWS, rows)):
        upper = load_cells(source, row, numbers, classes, grid)
        lower = load_cells(source, row + 1, numbers, classes, grid)
        by_upper = tl.zeros([CELLS, CLASSES], tl.float32)
        by_lower = tl.zeros([CELLS, CLASSES], tl.float32)
        for left in range(start, end, PIXELS):
            pixels = left + tl.arange(0, PIXELS)
            inside = pixels < end
            across = column_weights(pixels, inside, numbers, column_axis)
            by_above, by_below = slopes_between(
                tl.dot(across, upper, input_precision=PRECISION),
                tl.dot(across, lower, input_precision=PRECISION),
                row,
                pixels,
                inside,
                classes,
                of_image,
                coefficients,
                row_axis,
                (width, num_classes),
                CROSS_ENTROPY,
                DICE,
            )
            back = tl.trans(across)  # 0 for pixels outside
            by_upper = tl.dot(back, by_above, by_upper, input_precision=PRECISION)
            by_lower = tl.dot(back, by_below, by_lower, input_precision=PRECISION)
        total = carried + by_upper
        if row == rows - 1:  # pixels after the last row lie between it and itself
            total += by_lower
        if row >= first_row:
            store_row(target, total * factor, row, numbers, is_owned, classes, grid)
        carried = by_lower
