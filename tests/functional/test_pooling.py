"""Average pooling as matrix products."""

from itertools import pairwise

import pytest
import torch
import torch.nn.functional as F

from segadapt.functional.pooling import average_pool, bins

SIZES = [(10, 12), (8, 13), (6, 6), (4, 5), (16, 25)]


@pytest.mark.parametrize("grid", [1, 2, 3, 6, (2, 5), (3, None)])
@pytest.mark.parametrize("size", SIZES)
def test_equals_torch(grid, size):
    maps = torch.randn(2, 3, *size, dtype=torch.float64)
    torch.testing.assert_close(average_pool(maps, grid), F.adaptive_avg_pool2d(maps, grid))


def test_a_bin_has_equal_weights_that_sum_to_one():
    weights = bins(3, 7, torch.zeros(()))
    assert weights.sum(1).tolist() == pytest.approx([1, 1, 1])
    cells = [row.nonzero()[:, 0].tolist() for row in weights]
    assert cells == [[0, 1, 2], [2, 3, 4], [4, 5, 6]]
    assert all(set(a) & set(b) for a, b in pairwise(cells))  # as torch's, they overlap
