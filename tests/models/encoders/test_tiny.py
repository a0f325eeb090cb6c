from functools import partial

import pytest
import torch
from torch import nn

from segadapt.models.encoders.tiny import Residual, TinyEncoder


@pytest.mark.parametrize("size", [(64, 96), (97, 131), (16, 17)])
def test_maps_have_the_sizes_that_encoders_promise(size):
    encoder = TinyEncoder()
    for level, channels, stride in zip(
        encoder(torch.randn(2, 3, *size)), encoder.channels, (4, 8, 16), strict=True
    ):
        assert level.shape == (2, channels, -(-size[0] // stride), -(-size[1] // stride))


def test_a_residual_block_without_weights_passes_its_input_on():
    block = Residual(4, partial(nn.GroupNorm, 2))
    nn.init.zeros_(block.convolve[1][0].weight)
    features = torch.randn(1, 4, 5, 6)
    torch.testing.assert_close(block(features), features.relu())


def test_the_norm_may_be_chosen():
    encoder = TinyEncoder(norm=partial(nn.GroupNorm, 8))
    kinds = {type(part) for part in encoder.modules()}
    assert nn.GroupNorm in kinds
    assert nn.BatchNorm2d not in kinds


def test_levels_and_blocks_must_agree():
    with pytest.raises(ValueError, match="zip"):
        TinyEncoder(channels=(8, 16), blocks=(1, 1, 1))
