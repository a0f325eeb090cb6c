from functools import partial

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from segadapt.models.decoders.hamburger import Factorisation, LightHamDecoder, factorise

GROUPS = partial(nn.GroupNorm, 2)


def multiplicative_updates(x, d, steps):
    """Lee and Seung's updates of x = d c, one entry at a time."""

    def update_coefficients():
        top, bottom = d.T @ x, d.T @ d @ c
        for index in np.ndindex(c.shape):
            c[index] *= top[index] / (bottom[index] + 1e-6)

    def update_bases():
        top, bottom = x @ c.T, d @ c @ c.T
        for index in np.ndindex(d.shape):
            d[index] *= top[index] / (bottom[index] + 1e-6)

    d = d.copy()
    c = np.exp(d.T @ x)
    c /= c.sum(0)
    for _ in range(steps):
        update_coefficients()
        update_bases()
    update_coefficients()
    return d @ c


@pytest.mark.parametrize("steps", [0, 1, 6, 7])
def test_factorisation_equals_the_multiplicative_updates(steps):
    matrix = torch.rand(2, 5, 12, dtype=torch.double)
    bases = F.normalize(torch.rand(2, 5, 3, dtype=torch.double), dim=1)
    expected = [
        multiplicative_updates(x.numpy(), d.numpy(), steps)
        for x, d in zip(matrix, bases, strict=True)
    ]
    np.testing.assert_allclose(factorise(matrix, bases, steps), expected, rtol=1e-9)


def test_gradient_of_the_factorisation_passes_through_all_updates():
    matrix = torch.rand(1, 3, 4, dtype=torch.double, requires_grad=True)
    bases = F.normalize(torch.rand(1, 3, 2, dtype=torch.double), dim=1)
    assert torch.autograd.gradcheck(lambda x: factorise(x, bases, 3), matrix)


def test_more_updates_come_closer():
    matrix, bases = torch.rand(1, 6, 40), torch.rand(1, 6, 4)
    errors = [(factorise(matrix, bases, steps) - matrix).norm() for steps in (0, 2, 6, 30)]
    assert errors == sorted(errors, reverse=True)


@pytest.mark.parametrize(("training", "steps"), [(True, 6), (False, 7)])
def test_bases_are_drawn_uniformly_and_normalised_over_the_channels(training, steps):
    module = Factorisation(4, 3).train(training)
    features = torch.rand(2, 4, 5, 6)
    torch.manual_seed(3)
    out = module(features)
    torch.manual_seed(3)
    bases = torch.rand(2, 4, 3)
    bases = bases / bases.square().sum(1, keepdim=True).sqrt()
    expected = factorise(features.flatten(2), bases, steps).view(2, 4, 5, 6)
    torch.testing.assert_close(out, expected)


def test_every_forward_pass_draws_new_bases_unless_evaluation_has_a_seed():
    features = torch.rand(2, 4, 5, 6)
    free, fixed = Factorisation(4, 3).eval(), Factorisation(4, 3, seed=0).eval()
    assert not torch.equal(free(features), free(features))
    assert torch.equal(fixed(features), fixed(features))
    assert torch.equal(fixed(features)[1:], fixed(features[1:]))
    torch.testing.assert_close(Factorisation(4, 3, seed=0).eval()(features), fixed(features))
    assert not torch.equal(fixed.train()(features), fixed(features))
    assert "bases" not in fixed.state_dict()


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_factorisation_is_exact_under_autocast(dtype):
    module = Factorisation(8, 3, seed=1).eval()
    features = 30 * torch.rand(1, 8, 64, 64)
    expected = module(features)
    with torch.autocast("cpu", dtype):
        assert torch.equal(module(features), expected)
        half = module(features.to(dtype))
    assert half.dtype == dtype
    torch.testing.assert_close(half.float(), expected, rtol=2e-2, atol=2e-2)


@torch.no_grad()
def test_decoder_equals_its_statement():
    decoder = LightHamDecoder([3, 4, 6, 8], norm=GROUPS, channels=4, inner=6, rank=2, seed=0).eval()
    for parameter in decoder.parameters():
        parameter.uniform_(-0.5, 0.5)
    sizes = [(17, 30), (9, 15), (5, 8), (3, 4)]
    pyramid = [torch.randn(2, c, *size) for c, size in zip((3, 4, 6, 8), sizes, strict=True)]

    def pointwise(x, block):
        x = torch.einsum("oc,bchw->bohw", block[0].weight[:, :, 0, 0], x)
        return F.group_norm(x, 2, block[1].weight, block[1].bias)

    levels = [F.interpolate(x, (9, 15), mode="bilinear", align_corners=False) for x in pyramid[1:]]
    x = pointwise(torch.cat(levels, 1), decoder.squeeze).relu()
    ham = decoder.hamburger
    context = ham.factorise(F.conv2d(x, ham.enter.weight, ham.enter.bias).relu())
    x = (x + pointwise(context, ham.leave)).relu()
    expected = pointwise(x, decoder.align).relu()

    torch.testing.assert_close(decoder(pyramid).pixels, expected)


def test_encoder_with_one_level_is_an_error():
    with pytest.raises(ValueError, match="only one level"):
        LightHamDecoder([8], norm=GROUPS)
