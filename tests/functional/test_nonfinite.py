"""NaN and infinity in tensors."""

import math

import pytest
import torch

from segadapt.functional.nonfinite import check_file, named_tensors, nonfinite


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float64, torch.complex64])
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_tensors_with_values_that_are_no_numbers_are_named(dtype, value):
    good = torch.full((2, 3), torch.finfo(dtype).max, dtype=dtype)
    bad = good.clone()
    bad[1, 2] = value
    tensors = {"good": good, "whole": torch.arange(3), "none": torch.empty(0), "bad": bad}
    assert nonfinite(tensors.items()) == ["bad"]


def test_nested_tensors_have_dotted_names():
    node = {"a": [torch.zeros(1), {"b": torch.ones(1)}], 0: (torch.zeros(2), 3, "text")}
    assert [name for name, _ in named_tensors(node)] == ["a.0", "a.1.b", "0.0"]


def test_a_file_of_weights_is_named_with_its_tensor():
    check_file({"weight": torch.zeros(3)}, "a.pth")
    with pytest.raises(ValueError, match=r"a\.pth holds NaN or infinite values in 1 tensor"):
        check_file({"running_var": torch.tensor([1.0, math.nan])}, "a.pth")
