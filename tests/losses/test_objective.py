import pytest
import torch
from cases import Constant, prediction
from torch import nn

from segadapt.losses.objective import Objective

GIVEN = prediction(student=torch.zeros(1, 2, 3, 3)), torch.zeros(1, 6, 6, dtype=torch.long)


def objective(weights: dict, **values: float | None) -> Objective:
    return Objective({name: Constant(value) for name, value in values.items()}, weights)


def test_total_is_the_weighted_sum_and_terms_are_not_weighted():
    losses = objective({"a": 10.0, "b": 0.4}, a=2.0, b=5.0)(*GIVEN)
    assert losses.total.item() == pytest.approx(10 * 2 + 0.4 * 5)
    assert {name: value.item() for name, value in losses.terms.items()} == {"a": 2.0, "b": 5.0}


def test_gradient_of_each_term_is_its_weight():
    given = objective({"a": 10.0, "b": 0.4}, a=2.0, b=5.0)
    given(*GIVEN).total.backward()
    assert given.terms["a"].value.grad.item() == 10
    assert given.terms["b"].value.grad.item() == pytest.approx(0.4)


def test_a_term_of_weight_zero_is_dropped_and_never_evaluated():
    class Fails(nn.Module):
        def forward(self, *_):
            raise AssertionError

    given = Objective({"a": Constant(2.0), "b": Fails()}, {"a": 1, "b": 0.0})
    assert list(given(*GIVEN).terms) == ["a"]
    assert [name for name, _ in given.named_parameters()] == ["terms.a.value"]


def test_a_term_goes_with_the_part_that_the_classifier_is_built_without():
    terms = {name: Constant(value) for name, value in {"a": 2.0, "b": 5.0, "c": 7.0}.items()}
    requires = {"b": {"teacher": True, "spatial": False}, "c": {"spatial": False}}
    given = Objective(terms, {"a": 1.0, "b": 0.4, "c": 0.0}, requires)
    assert given(*GIVEN).total.item() == 2
    assert [name for name, _ in given.named_parameters()] == ["terms.a.value"]
    assert given.idle == {"spatial": {"b": 0.4}}  # nobody asked for c


def test_no_term_left_is_refused():
    with pytest.raises(ValueError, match="no term with a weight above 0 whose parts"):
        Objective({"a": Constant(2.0)}, {"a": 1.0}, {"a": {"teacher": False}})


def test_only_terms_require_anything():
    with pytest.raises(ValueError, match=r"Unknown term of loss\.requires 'klx'\. Available: "):
        Objective({"a": Constant(2.0)}, {"a": 1.0}, {"klx": {"teacher": True}})


def test_a_term_without_value_is_left_out():
    losses = objective({"a": 1.0, "b": 1.0}, a=3.0, b=None)(*GIVEN)
    assert list(losses.terms) == ["a"]
    assert losses.total.item() == 3


def test_no_term_with_a_value_is_refused():
    with pytest.raises(ValueError, match="no branch for the objective's only terms \\(a\\)"):
        objective({"a": 1.0}, a=None)(*GIVEN)


def test_names_must_agree():
    with pytest.raises(ValueError, match="only one has klx, response"):
        objective({"klx": 1.0}, response=1.0)


@pytest.mark.parametrize("weight", [-1.0, float("nan"), float("inf")])
def test_a_weight_that_is_no_coefficient_is_refused(weight):
    with pytest.raises(ValueError, match=r"loss\.weights\.a is"):
        objective({"a": weight}, a=1.0)


def test_no_weight_above_zero_is_refused():
    with pytest.raises(ValueError, match="no term with a weight above 0"):
        objective({"a": 0.0}, a=1.0)


def test_autocast_is_off_inside():
    class Product(nn.Module):
        def forward(self, *_):
            return (torch.ones(2, 2) @ torch.full((2, 2), 1 + 2**-12)).sum()

    given = Objective({"a": Product()}, {"a": 1.0})
    with torch.autocast("cpu", torch.bfloat16):
        assert given(*GIVEN).total.item() == 8 * (1 + 2**-12)
