import pytest
import torch
import torch.nn.functional as F

from segadapt.models.decoders.parts.resized_convolution import convolve_resized

SHAPES = [
    ((4, 5), (8, 10)),
    ((3, 5), (7, 20)),
    ((1, 1), (6, 5)),
    ((2, 3), (2, 3)),
    ((6, 1), (4, 9)),
    ((1, 1), (1, 1)),
]


def by_hand(coarse, weight, size):
    """Resize, surround with zeros, and add up the products cell by cell."""
    n, m = weight.shape[2:]
    fine = F.interpolate(coarse, size=size, mode="bilinear", align_corners=False)
    padded = F.pad(fine, (m // 2, m // 2, n // 2, n // 2))
    result = torch.zeros(len(coarse), len(weight), *size, dtype=coarse.dtype)
    for i in range(size[0]):
        for j in range(size[1]):
            window = padded[:, None, :, i : i + n, j : j + m]
            result[:, :, i, j] = (window * weight).sum((2, 3, 4))
    return result


@pytest.mark.parametrize("kernel", [(1, 1), (3, 3), (5, 5), (3, 1), (1, 5)])
@pytest.mark.parametrize(("grid", "size"), SHAPES)
def test_it_is_the_convolution_of_the_resized_map(grid, size, kernel):
    inputs = (torch.randn(2, 3, *grid), torch.randn(4, 3, *kernel))
    ours = [tensor.double().requires_grad_() for tensor in inputs]
    theirs = [tensor.double().requires_grad_() for tensor in inputs]
    found, expected = convolve_resized(*ours, size), by_hand(*theirs, size)
    torch.testing.assert_close(found, expected)
    slope = torch.randn_like(expected)
    gradients = torch.autograd.grad(found, ours, slope)
    for one, other in zip(gradients, torch.autograd.grad(expected, theirs, slope), strict=True):
        torch.testing.assert_close(one, other)


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_it_takes_any_memory_format_in_single_precision(layout):
    coarse = torch.randn(2, 16, 5, 6).contiguous(memory_format=layout)
    weight = torch.randn(8, 16, 3, 3).contiguous(memory_format=layout)
    expected = by_hand(coarse.double(), weight.double(), (10, 12)).float()
    torch.testing.assert_close(
        convolve_resized(coarse, weight, (10, 12)), expected, rtol=1e-5, atol=1e-4
    )


def test_backward_keeps_nothing_of_the_size_that_it_avoids():
    kept = []

    def keep(tensor):
        kept.append(tensor.untyped_storage().nbytes())
        return tensor

    coarse, weight = torch.randn(1, 8, 6, 6, requires_grad=True), torch.randn(8, 8, 3, 3)
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        convolve_resized(coarse, weight.requires_grad_(), (48, 48))
    assert max(kept) < 4 * 48 * 48 * 8 / 16  # bytes
