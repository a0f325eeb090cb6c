import math

import pytest
import torch

from segadapt.losses.prototype_assignment import PrototypeContrast, PrototypeDistance
from segadapt.structures import Assignment, Branch, Prediction

MASK = torch.zeros(1, 2, 2, dtype=torch.long)


def given(ignored=True):
    generator = torch.Generator().manual_seed(0)
    scores = (2 * torch.rand(12, 6, generator=generator) - 1).requires_grad_()
    target = torch.randint(6, (12,), generator=generator)
    if ignored:
        target[::3] = -1
    assignment = Assignment(torch.randn(12, 4), scores, target)
    return Prediction(Branch(torch.zeros(1, 3, 2, 2)), assignment=assignment), scores, target


@pytest.mark.parametrize("tau", [0.1, 1.0])
def test_contrast_is_equation_11(tau):
    prediction, scores, target = given()
    values = []
    for row, own in zip(scores.tolist(), target.tolist(), strict=True):
        if own >= 0:
            mass = sum(math.exp(s / tau) for s in row)
            values.append(-math.log(math.exp(row[own] / tau) / mass))
    found = PrototypeContrast(tau)(prediction, MASK)
    torch.testing.assert_close(found.item(), sum(values) / len(values), rtol=1e-5, atol=1e-6)


def test_distance_is_equation_12():
    prediction, scores, target = given()
    rows = zip(scores.tolist(), target.tolist(), strict=True)
    values = [(1 - row[own]) ** 2 for row, own in rows if own >= 0]
    found = PrototypeDistance()(prediction, MASK)
    torch.testing.assert_close(found.item(), sum(values) / len(values), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("loss", [PrototypeContrast(), PrototypeDistance()])
def test_ignored_pixels_get_no_gradient_and_none_is_zero(loss):
    prediction, scores, target = given()
    loss(prediction, MASK).backward()
    assert not scores.grad[target < 0].any()
    assert scores.grad[target >= 0].any(1).all()

    nothing = prediction.assignment._replace(target=torch.full_like(target, -1))
    value = loss(prediction._replace(assignment=nothing), MASK)
    value.backward()
    assert value == 0


def test_distance_is_zero_on_the_prototype():
    prediction, scores, target = given(ignored=False)
    with torch.no_grad():
        scores.scatter_(1, target[:, None], 1.0)
    assert PrototypeDistance()(prediction, MASK) == 0


@pytest.mark.parametrize("loss", [PrototypeContrast(), PrototypeDistance()])
def test_half_precision_gives_numbers(loss):
    prediction, scores, _ = given()
    half = prediction.assignment._replace(logits=scores.to(torch.bfloat16))
    assert loss(prediction._replace(assignment=half), MASK).isfinite()


def test_a_classifier_without_prototypes_is_told():
    with pytest.raises(ValueError, match="gives no assignment to prototypes"):
        PrototypeContrast()(Prediction(Branch(torch.zeros(1, 3, 2, 2))), MASK)


def test_tau_must_be_positive():
    with pytest.raises(ValueError, match="must be positive"):
        PrototypeContrast(0.0)
