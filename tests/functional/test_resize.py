import math
from collections import Counter

import pytest
import torch

from segadapt.functional.resize import shrink, upsample


@pytest.mark.parametrize(("size", "grid"), [((12, 16), (3, 4)), ((7, 9), (3, 4)), ((3, 5), (6, 4))])
def test_shrink_takes_the_pixel_at_floor_of_index_times_scale(size, grid):
    mask = torch.randint(0, 255, (2, *size))
    small = shrink(mask, grid)
    for i in range(grid[0]):
        for j in range(grid[1]):
            source = mask[:, i * size[0] // grid[0], j * size[1] // grid[1]]
            assert torch.equal(small[:, i, j], source)


@pytest.mark.parametrize(("size", "grid"), [((12, 16), (3, 4)), ((7, 9), (3, 4)), ((3, 5), (6, 4))])
def test_center_takes_the_pixel_of_the_cells_centre(size, grid):
    mask = torch.randint(0, 255, (2, *size))
    small = shrink(mask, grid, "center")
    for i in range(grid[0]):
        for j in range(grid[1]):
            row, column = (
                math.floor((place + 0.5) * pixels / cells)
                for place, pixels, cells in zip((i, j), size, grid, strict=True)
            )
            assert torch.equal(small[:, i, j], mask[:, row, column])


@pytest.mark.parametrize("grid", [(3, 4), (6, 2), (12, 16), (1, 1)])
def test_majority_counts_the_pixels_of_each_cell(grid):
    mask = torch.randint(0, 3, (2, 12, 16))
    mask[mask == 2] = 255
    small = shrink(mask, grid, "majority")
    height, width = 12 // grid[0], 16 // grid[1]
    for image in range(2):
        for i in range(grid[0]):
            for j in range(grid[1]):
                rows, columns = (
                    slice(i * height, (i + 1) * height),
                    slice(j * width, (j + 1) * width),
                )
                counts = Counter(mask[image, rows, columns].flatten().tolist())
                expected = min(counts, key=lambda label: (-counts[label], label))
                assert small[image, i, j] == expected


def test_majority_of_cells_that_hold_no_whole_number_of_pixels():
    mask = torch.zeros(1, 7, 9, dtype=torch.long)
    mask[:, 3:] = 1
    assert shrink(mask, (2, 2), "majority").tolist() == [[[0, 0], [1, 1]]]


def test_an_unknown_rule_is_refused():
    with pytest.raises(ValueError, match="Unknown cell_label 'centre'"):
        shrink(torch.zeros(1, 4, 4, dtype=torch.long), (2, 2), "centre")


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int32, torch.int64])
def test_shrink_keeps_labels_of_any_integer_type_exact(dtype):
    mask = torch.arange(256).view(1, 16, 16).to(dtype)
    small = shrink(mask, (8, 8))
    assert small.dtype == torch.int64
    assert torch.equal(small, torch.arange(256).view(1, 16, 16)[:, ::2, ::2])


@pytest.mark.parametrize("align_corners", [False, True])
def test_upsample_is_the_bilinear_formula(align_corners):
    logits = torch.randn(1, 2, 3, 4, dtype=torch.float64)
    large = upsample(logits, (5, 9), align_corners)

    def source(index, length, target):
        if align_corners:
            return index * (length - 1) / (target - 1)
        return max((index + 0.5) * length / target - 0.5, 0)

    for i in range(5):
        for j in range(9):
            y, x = source(i, 3, 5), source(j, 4, 9)
            top, left = math.floor(y), math.floor(x)
            bottom, right = min(top + 1, 2), min(left + 1, 3)
            upper = logits[..., top, left] * (1 - x + left) + logits[..., top, right] * (x - left)
            lower = logits[..., bottom, left] * (1 - x + left) + logits[..., bottom, right] * (
                x - left
            )
            expected = upper * (1 - y + top) + lower * (y - top)
            torch.testing.assert_close(large[..., i, j], expected)


def test_upsample_keeps_channels_last():
    logits = torch.randn(2, 3, 4, 5).contiguous(memory_format=torch.channels_last)
    assert upsample(logits, (8, 10)).is_contiguous(memory_format=torch.channels_last)
