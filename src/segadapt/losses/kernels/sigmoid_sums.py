"""Triton kernel: the sums of the Dice loss over the pixels of an image, for each class.

A program owns a block of classes and the pixels between a few rows and 16 columns of neighbouring
cells. It writes its own sums, which are then added in a fixed order.
"""

from typing import no_type_check

import triton
import triton.language as tl

from segadapt.losses.kernels.cells import column_weights, first_pixel, load_cells, position


@triton.jit(
    do_not_specialize=[
        *("height", "width", "row_step", "row_shift", "row_unit", "rows"),
        *("column_step", "column_shift", "column_unit", "columns"),
    ]
)
@no_type_check
def sigmoid_sums(
    scores: tl.tensor,
    labels: tl.tensor,
    sums: tl.tensor,
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
    ROWS: tl.constexpr,
    PIXELS: tl.constexpr,
    CELLS: tl.constexpr,
    CLASSES: tl.constexpr,
    PRECISION: tl.constexpr,
) -> None:
    """Sums from ``scores`` [images, rows, columns, num_classes] and ``labels`` [images, H, W].

    Writes ``sums`` [images, programs, 3, num_classes]: of q, of q squared, and of q over the pixels
    of the label, with q the sigmoid of the scores.
    """
    row_axis = (rows, row_step, row_shift, row_unit, height)
    column_axis = (columns, column_step, column_shift, column_unit, width)
    grid = (rows, columns, num_classes)
    groups = tl.cdiv(columns, CELLS - 1)
    first_row = (tl.program_id(0) // groups) * ROWS
    first_cell = (tl.program_id(0) % groups) * (CELLS - 1)
    image = tl.program_id(1).to(tl.int64)
    classes = tl.program_id(2) * CLASSES + tl.arange(0, CLASSES)
    source = scores + image * rows * columns * num_classes
    numbers = first_cell + tl.arange(0, CELLS)
    start = first_pixel(first_cell, column_axis)
    end = first_pixel(first_cell + CELLS - 1, column_axis)
    plain = tl.zeros([PIXELS, CLASSES], tl.float32)
    squares = tl.zeros([PIXELS, CLASSES], tl.float32)
    overlap = tl.zeros([PIXELS, CLASSES], tl.float32)
    for left in range(start, end, PIXELS):
        pixels = left + tl.arange(0, PIXELS)
        inside = pixels < end
        across = column_weights(pixels, inside, numbers, column_axis)
        cells = load_cells(source, first_row, numbers, classes, grid)
        above = tl.dot(across, cells, input_precision=PRECISION)
        for row in range(first_row, tl.minimum(first_row + ROWS, rows)):
            cells = load_cells(source, row + 1, numbers, classes, grid)
            below = tl.dot(across, cells, input_precision=PRECISION)
            for y in range(first_pixel(row, row_axis), first_pixel(row + 1, row_axis)):
                _, fraction = position(y, row_axis)
                q = tl.sigmoid(above * (1.0 - fraction) + below * fraction)
                q = tl.where(inside[:, None], q, 0.0)
                place = (image * height + y) * width + pixels
                label = tl.load(labels + place, mask=inside, other=0).to(tl.int32)
                plain += q
                squares += q * q
                overlap += tl.where(label[:, None] == classes[None, :], q, 0.0)
            above = below
    program = image * tl.num_programs(0) + tl.program_id(0)
    out = sums + program * 3 * num_classes + classes
    tl.store(out, tl.sum(plain, 0), mask=classes < num_classes)
    tl.store(out + num_classes, tl.sum(squares, 0), mask=classes < num_classes)
    tl.store(out + 2 * num_classes, tl.sum(overlap, 0), mask=classes < num_classes)
