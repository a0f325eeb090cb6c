"""The loop reference of the benchmarks is right, and the package agrees with it."""

import golden
import pytest
import torch
from benchmarks.reference import cac, ssa
from composed import objective

REFERENCES = {"cac": cac, "ssa": ssa}


@pytest.mark.parametrize("name", REFERENCES)
def test_the_reference_gives_the_golden_total(name):
    weights = dict(getattr(golden, name)().named_parameters())
    value = REFERENCES[name].total(weights, golden.features(), golden.mask())
    assert value.item() == pytest.approx(golden.VALUES[name]["total_decode_loss"], rel=1e-6)


@pytest.mark.parametrize("name", REFERENCES)
def test_both_give_the_same_gradients(name):
    classifier = getattr(golden, name)().double()
    parameters = dict(classifier.named_parameters())
    features = golden.features().double().requires_grad_()
    wanted = [features, *parameters.values()]

    theirs = REFERENCES[name].total(parameters, features, golden.mask())
    mine = objective(name)(classifier(features, golden.target()), golden.mask()).total
    torch.testing.assert_close(mine, theirs, rtol=1e-9, atol=1e-9)
    pairs = zip(torch.autograd.grad(mine, wanted), torch.autograd.grad(theirs, wanted), strict=True)
    for left, right in pairs:
        torch.testing.assert_close(left, right, rtol=1e-7, atol=1e-9)
