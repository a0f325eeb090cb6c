import pytest
import torch

from segadapt.models.decoders.parts.memory_format import for_convolution

LAST = torch.channels_last


def formats(width, kernel, gradient):
    features = torch.randn(2, width, 5, 6).contiguous(memory_format=LAST)
    weight = torch.randn(width, width, kernel, kernel).contiguous(memory_format=LAST)
    with torch.set_grad_enabled(gradient):
        found = for_convolution(features, weight)
    assert torch.equal(found[0], features)
    assert torch.equal(found[1], weight)
    return [tensor.is_contiguous() for tensor in found]


@pytest.mark.parametrize(
    ("width", "kernel", "gradient", "changes"),
    [(128, 3, True, True), (128, 3, False, False), (64, 3, True, False)],
)
def test_wide_convolutions_learn_contiguously_on_a_cpu(width, kernel, gradient, changes):
    assert formats(width, kernel, gradient) == [changes, changes]


def test_where_formats_are_the_same_nothing_is_copied():
    features, weight = torch.randn(2, 128, 5, 6), torch.randn(128, 128, 1, 1)
    found = for_convolution(features, weight)
    assert found[0] is features
    assert found[1] is weight


def test_other_devices_keep_their_format():
    features = torch.empty(2, 128, 5, 6, device="meta").contiguous(memory_format=LAST)
    weight = torch.empty(128, 128, 3, 3, device="meta")
    assert for_convolution(features, weight)[0].is_contiguous(memory_format=LAST)
