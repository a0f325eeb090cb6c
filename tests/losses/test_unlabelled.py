"""An image without labels adds nothing, to the losses of real classifiers."""

from functools import cache

import golden
import pytest
import torch
from composed import objective

NAMES = ("cac", "ssa")


@cache
def minimised(name, group):
    return objective(name, f"classifier.oracle_group={'null' if group is None else group}")


def learned(name, mask, group, features):
    """Terms, and the gradient of their weighted sum at the features and the parameters."""
    classifier = getattr(golden, name)()
    classifier.oracle_group = group
    features = features.clone().requires_grad_()
    prediction = classifier(features, mask[:, ::4, ::4])  # as golden.target() is made
    losses = minimised(name, group)(prediction, mask)
    losses.total.backward()
    slopes = {key: parameter.grad for key, parameter in classifier.named_parameters()}
    return losses, features.grad, slopes


@pytest.mark.parametrize("group", [1, 2, None])
@pytest.mark.parametrize("name", NAMES)
def test_a_batch_without_labels_teaches_nothing(name, group):
    mask = torch.full_like(golden.mask(), 255)
    losses, slope, slopes = learned(name, mask, group, golden.features())
    assert {key: value.item() for key, value in losses.terms.items()} == dict.fromkeys(
        losses.terms, 0
    )
    assert losses.total.item() == 0
    assert not slope.any()
    assert not any(gradient.any() for gradient in slopes.values() if gradient is not None)


@pytest.mark.parametrize("group", [1, 2])
@pytest.mark.parametrize("name", NAMES)
def test_an_image_without_labels_adds_nothing_to_the_batch(name, group):
    mask, features = golden.mask(), golden.features()
    mask[1] = 255
    losses, slope, slopes = learned(name, mask, group, features)
    assert not slope[1].any()

    changed = features.clone()
    changed[1] = torch.rand_like(changed[1])
    others, slope_of_others, slopes_of_others = learned(name, mask, group, changed)
    assert {k: v.item() for k, v in losses.terms.items()} == {
        k: v.item() for k, v in others.terms.items()
    }
    torch.testing.assert_close(slope[0], slope_of_others[0])
    for key, gradient in slopes.items():
        torch.testing.assert_close(gradient, slopes_of_others[key], rtol=1e-5, atol=1e-9, msg=key)


@pytest.mark.parametrize("name", NAMES)
def test_the_mean_over_images_counts_those_without_labels(name):
    mask, features = golden.mask(), golden.features()
    mask[1] = 255
    both, *_ = learned(name, mask, 1, features)
    alone, *_ = learned(name, mask[:1], 1, features[:1])
    for term in both.terms.keys() - {"student", "teacher"}:  # whose Dice counts pairs with a class
        assert both.terms[term].item() == pytest.approx(alone.terms[term].item() / 2), term
