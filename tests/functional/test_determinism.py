import re

import pytest
import torch
import torch.nn.functional as F

from segadapt.functional.determinism import REFUSED, REPLACED, deterministic
from segadapt.functional.replacing import Replacing
from segadapt.functional.sinkhorn import _greatest

ELSEWHERE = {
    *("torch.Tensor.index_put", "torch.Tensor.resize_"),
    *("torch.nn.Embedding", "torch.nn.MaxPool2d"),
}
"""Raise on MPS, or for quantised tensors, only."""

CASES = {
    "pool to a number": lambda x, _: F.adaptive_avg_pool2d(x, 3),
    "pool to a size": lambda x, _: F.adaptive_avg_pool2d(x, (2, 5)),
    "pool one axis": lambda x, _: F.adaptive_avg_pool2d(x, (None, 4)),
    "pool to one": lambda x, _: F.adaptive_avg_pool2d(x, 1),
    "larger pool": lambda x, _: F.adaptive_avg_pool2d(x, 9),
    "module": lambda x, _: torch.nn.AdaptiveAvgPool2d(6)(x),
    "bicubic": lambda x, _: F.interpolate(x, (9, 4), mode="bicubic"),
    "bicubic corners": lambda x, _: F.interpolate(x, 11, mode="bicubic", align_corners=True),
    "bicubic factor": lambda x, _: F.interpolate(x, scale_factor=(1.7, 0.6), mode="bicubic"),
    "smooth bicubic": lambda x, _: F.interpolate(x, (3, 4), mode="bicubic", antialias=True),
    "smooth bilinear": lambda x, _: F.interpolate(x, (3, 4), mode="bilinear", antialias=True),
    "bilinear": lambda x, _: F.interpolate(x, scale_factor=2, mode="bilinear"),
    "nearest": lambda x, _: F.interpolate(x, scale_factor=2),
    "linear": lambda x, _: F.interpolate(x.flatten(2), 17, mode="linear"),
    "linear factor": lambda x, _: F.interpolate(x.flatten(2), scale_factor=0.4, mode="linear"),
    "sample": lambda x, grid: F.grid_sample(x, grid, align_corners=False),
    "sample corners": lambda x, grid: F.grid_sample(
        x, grid, padding_mode="border", align_corners=True
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_what_takes_its_place_has_the_values_and_gradients_of_torchs_operation(name):
    maps = torch.randn(2, 3, 5, 7, dtype=torch.float64, requires_grad=True)
    grid = (2.4 * torch.rand(2, 4, 6, 2, dtype=torch.float64) - 1.2).requires_grad_()
    wanted = CASES[name](maps, grid)
    with Replacing(REPLACED):
        found = CASES[name](maps, grid)
    torch.testing.assert_close(found, wanted, rtol=1e-12, atol=1e-12)
    inputs = [maps, grid] if "sample" in name else [maps]
    weights = torch.randn_like(wanted)
    for mine, theirs in zip(
        torch.autograd.grad((weights * found).sum(), inputs),
        torch.autograd.grad((weights * wanted).sum(), inputs),
        strict=True,
    ):
        torch.testing.assert_close(mine, theirs, rtol=1e-10, atol=1e-12)


def test_every_operation_that_torch_says_it_refuses_is_listed():
    text = torch.use_deterministic_algorithms.__doc__.partition("operations will throw a")[2]
    named = set(re.findall(r"^ {8}\* :(?:class|func):`([\w.]+)`", text, re.MULTILINE))
    assert len(named) > 20
    assert named - ELSEWHERE <= REFUSED.keys()


def test_nothing_is_replaced_unless_it_is_asked_for_on_a_gpu(monkeypatch):
    monkeypatch.setattr(torch, "are_deterministic_algorithms_enabled", lambda: True)
    assert isinstance(deterministic(torch.device("cuda")), Replacing)
    assert not isinstance(deterministic(torch.device("cpu")), Replacing)
    monkeypatch.setattr(torch, "are_deterministic_algorithms_enabled", lambda: False)
    assert not isinstance(deterministic(torch.device("cuda")), Replacing)


def test_the_greatest_of_each_class_is_the_same_bit_for_bit(monkeypatch):
    values, column = torch.randn(500), torch.randint(0, 6, (500,))
    column[column == 2] = 0  # a class without a pixel
    plain = _greatest(values, column, 7)
    monkeypatch.setattr(torch, "are_deterministic_algorithms_enabled", lambda: True)
    assert torch.equal(_greatest(values, column, 7), plain)
    assert plain[2] == plain[6] == -torch.inf
