"""Triton kernel: log sum exp of the scores of every pixel, and the cross-entropy.

A program owns a few rows of pixels and the columns between 16 neighbouring cells. It blends two
rows of cells, enlarges the result along the row by a matrix product, and goes through the classes
block by block with a running maximum.
"""

from typing import no_type_check

import triton
import triton.language as tl

from segadapt.losses.kernels.cells import column_weights, first_pixel, load_cells, position


@triton.jit
@no_type_check
def normalizer_and_own(
    source: tl.tensor,
    across: tl.tensor,
    numbers: tl.tensor,
    label: tl.tensor,
    lower: tl.tensor,
    fraction: tl.tensor,
    grid: tl.tuple,
    CLASSES: tl.constexpr,
    PRECISION: tl.constexpr,
) -> tl.tuple:
    """Log sum exp of the scores of a row of pixels, and the score of each pixel's label."""
    largest = tl.full([across.shape[0]], float("-inf"), tl.float32)
    mass = tl.zeros([across.shape[0]], tl.float32)
    own = tl.zeros([across.shape[0]], tl.float32)
    for first_class in range(0, grid[2], CLASSES):
        classes = first_class + tl.arange(0, CLASSES)
        above = load_cells(source, lower, numbers, classes, grid)
        below = load_cells(source, lower + 1, numbers, classes, grid)
        blend = above * (1.0 - fraction) + below * fraction
        scores = tl.dot(across, blend, input_precision=PRECISION)
        own += tl.sum(tl.where(label[:, None] == classes[None, :], scores, 0.0), 1)
        known = tl.where((classes < grid[2])[None, :], scores, float("-inf"))
        larger = tl.maximum(largest, tl.max(known, 1))
        mass = mass * tl.exp(largest - larger) + tl.sum(tl.exp(known - larger[:, None]), 1)
        largest = larger
    return largest + tl.log(mass), own


@triton.jit(
    do_not_specialize=[
        *("height", "width", "row_step", "row_shift", "row_unit", "rows"),
        *("column_step", "column_shift", "column_unit", "columns"),
    ]
)
@no_type_check
def log_normalizers(
    scores: tl.tensor,
    labels: tl.tensor,
    weights: tl.tensor,
    normalizers: tl.tensor,
    values: tl.tensor,
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
    PIXEL_ROWS: tl.constexpr,
    PIXELS: tl.constexpr,
    CELLS: tl.constexpr,
    CLASSES: tl.constexpr,
    PRECISION: tl.constexpr,
) -> None:
    """Compute from ``scores`` [images, rows, columns, num_classes] and ``labels`` [images, H, W].

    ``weights`` [images, num_classes] are the weights of pixels by label; other labels have weight
    0. Writes ``normalizers`` [images, height, width] and ``values`` [images, programs].
    """
    row_axis = (rows, row_step, row_shift, row_unit, height)
    column_axis = (columns, column_step, column_shift, column_unit, width)
    grid = (rows, columns, num_classes)
    groups = tl.cdiv(columns, CELLS - 1)
    first_row = (tl.program_id(0) // groups) * PIXEL_ROWS
    first_cell = (tl.program_id(0) % groups) * (CELLS - 1)
    image = tl.program_id(1).to(tl.int64)
    source = scores + image * rows * columns * num_classes
    numbers = first_cell + tl.arange(0, CELLS)
    start = first_pixel(first_cell, column_axis)
    end = first_pixel(first_cell + CELLS - 1, column_axis)
    value = tl.zeros([PIXELS], tl.float32)
    for left in range(start, end, PIXELS):
        pixels = left + tl.arange(0, PIXELS)
        inside = pixels < end
        across = column_weights(pixels, inside, numbers, column_axis)
        for y in range(first_row, tl.minimum(first_row + PIXEL_ROWS, height)):
            lower, fraction = position(y, row_axis)
            place = (image * height + y) * width + pixels
            label = tl.load(labels + place, mask=inside, other=0).to(tl.int32)
            normalizer, own = normalizer_and_own(
                source, across, numbers, label, lower, fraction, grid, CLASSES, PRECISION
            )
            tl.store(normalizers + place, normalizer, mask=inside)
            labelled = inside & (label >= 0) & (label < num_classes)
            weight = tl.load(weights + image * num_classes + label, mask=labelled, other=0.0)
            value += tl.where(weight != 0.0, weight * (normalizer - own), 0.0)
    tl.store(values + image * tl.num_programs(0) + tl.program_id(0), tl.sum(value, 0))
