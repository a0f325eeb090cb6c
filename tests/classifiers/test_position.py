import math

import pytest
import torch

from segadapt.classifiers.parts.ssa_position import (
    LearnablePosition,
    SinusoidalPosition,
    conditional_position,
)


@pytest.mark.parametrize("channels", [8, 6, 1])
def test_sinusoidal_encoding_is_sines_and_cosines_of_row_and_column(channels):
    waves = math.ceil(channels / 4)
    pattern = SinusoidalPosition(channels, 0)(torch.randn(2, channels, 3, 5))
    for row in range(3):
        for column in range(5):
            angles = [
                (wave, place * 10_000 ** (-number / waves))
                for place in (row, column)
                for wave in (math.sin, math.cos)
                for number in range(waves)
            ]
            expected = torch.tensor([wave(angle) for wave, angle in angles][:channels])
            torch.testing.assert_close(pattern[1, :, row, column], expected)


def test_sinusoidal_encoding_tells_all_cells_apart():
    pattern = SinusoidalPosition(16, 0)(torch.randn(1, 16, 12, 20))[0].flatten(1).T
    distances = torch.cdist(pattern, pattern) + 9 * torch.eye(len(pattern))
    assert distances.min() > 0.01


def test_learnable_encoding_is_its_table_on_its_own_grid_and_bilinear_elsewhere():
    position = LearnablePosition(3, 4)
    assert torch.equal(position(torch.randn(2, 3, 4, 4))[1], position.table[0])
    halved = position(torch.randn(1, 3, 2, 2))[0]
    means = position.table[0].unflatten(2, (2, 2)).unflatten(1, (2, 2)).mean((2, 4))
    torch.testing.assert_close(halved, means)


def test_conditional_encoding_has_ten_parameters_a_channel_and_keeps_the_size():
    position = conditional_position(7, 0)
    assert sum(p.numel() for p in position.parameters()) == 70
    assert position(torch.randn(1, 7, 4, 6)).shape == (1, 7, 4, 6)
