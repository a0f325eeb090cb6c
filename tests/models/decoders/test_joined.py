from typing import Final

import pytest
import torch
import torch.nn.functional as F

from segadapt.models.decoders.parts.joined import JoinedConvolution, joined_convolution
from segadapt.models.decoders.parts.layers import convolution

WIDTHS: Final = (3, 4, 5, 2)
GRIDS: Final = {
    "pyramid": ([(12, 16), (6, 8), (3, 4), (2, 2)], 0),
    "equal to the reference": ([(6, 8), (12, 16), (12, 16), (3, 4)], 1),
    "hardly smaller, and larger": ([(9, 7), (8, 7), (18, 14), (1, 1)], 0),
    "one cell first": ([(1, 1), (5, 6), (5, 6), (5, 6)], 1),
}


@pytest.mark.parametrize("kernel", [1, 3])
@pytest.mark.parametrize("case", GRIDS)
def test_maps_are_convolved_as_if_resized_and_concatenated(case, kernel):
    grids, reference = GRIDS[case]
    block = JoinedConvolution(WIDTHS, 7, kernel, reference).double()
    maps = [
        torch.randn(2, width, *grid, dtype=torch.float64, requires_grad=True)
        for width, grid in zip(WIDTHS, grids, strict=True)
    ]
    resized = [F.interpolate(one, size=grids[reference], mode="bilinear") for one in maps]
    expected = F.conv2d(torch.cat(resized, 1), block.weight, padding=kernel // 2)
    found = block(maps)
    torch.testing.assert_close(found, expected)
    slope = torch.randn_like(expected)
    wanted = torch.autograd.grad(expected, [*maps, block.weight], slope)
    for one, other in zip(
        torch.autograd.grad(found, [*maps, block.weight], slope), wanted, strict=True
    ):
        torch.testing.assert_close(one, other)


def test_the_start_is_that_of_one_convolution():
    torch.manual_seed(3)
    plain = torch.nn.Conv2d(sum(WIDTHS), 6, 3, padding=1, bias=False)
    torch.nn.init.kaiming_normal_(plain.weight, mode="fan_out", nonlinearity="relu")
    torch.manual_seed(3)
    block = joined_convolution(WIDTHS, 6, 3, torch.nn.BatchNorm2d)
    assert torch.equal(block[0].weight, plain.weight)
    assert set(block[0].state_dict()) == {"weight"}


def test_a_map_too_many_is_refused():
    block = JoinedConvolution((3, 4), 5, 3)
    maps = [torch.randn(1, 3, 4, 4), torch.randn(1, 4, 2, 2), torch.randn(1, 4, 2, 2)]
    with pytest.raises(ValueError, match="shorter"):
        block(maps)


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_wide_convolutions_are_the_same_in_every_format(layout):
    block = convolution(128, 128, 3).to(memory_format=layout)
    features = torch.randn(2, 128, 6, 7).contiguous(memory_format=layout).requires_grad_()
    found = block[0](features)
    expected = F.conv2d(features.double(), block[0].weight.double(), padding=1)
    torch.testing.assert_close(found, expected.float(), rtol=1e-4, atol=1e-4)
    slope = torch.randn_like(expected)
    inputs = [features, block[0].weight]
    ours = torch.autograd.grad(found, inputs, slope.float())
    for one, other in zip(ours, torch.autograd.grad(expected, inputs, slope), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-3)
