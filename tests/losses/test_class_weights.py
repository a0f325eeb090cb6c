"""Factors of classes, against their formulas in exact fractions, and in every branch."""

from decimal import Decimal
from fractions import Fraction
from math import isqrt

import pytest
import torch
import torch.nn.functional as F
from cases import close, labels, logits, prediction

from segadapt.losses.cross_entropy import CrossEntropy
from segadapt.losses.objective import Objective
from segadapt.losses.parts.class_weights import class_weights
from segadapt.losses.supervised import BRANCHES, Supervised
from segadapt.training.callbacks.class_balance import weigh_classes

PIXELS = [1, 4, 0, 25, 900]


def normalised(raw):
    """Fractions of the classes that have pixels, divided by their mean; 1 for the others."""
    mean = sum(raw.values()) / len(raw)
    return [float(raw[k] / mean) if k in raw else 1.0 for k in range(len(PIXELS))]


def exact(rule, beta=None):
    seen = {k: n for k, n in enumerate(PIXELS) if n}
    match rule:
        case "none":
            return [1.0] * len(PIXELS)
        case "inverse":
            return normalised({k: Fraction(1, n) for k, n in seen.items()})
        case "sqrt_inverse":
            return normalised({k: Fraction(1, isqrt(n)) for k, n in seen.items()})
    beta = 1 - Fraction(len(seen), sum(PIXELS)) if beta is None else beta
    return normalised({k: (1 - beta) / (1 - beta**n) for k, n in seen.items()})


@pytest.mark.parametrize("rule", ["none", "inverse", "sqrt_inverse", "effective"])
def test_weights_are_the_formula_with_mean_one(rule):
    assert class_weights(rule, PIXELS) == pytest.approx(exact(rule), rel=1e-12)


@pytest.mark.parametrize("beta", [Fraction(0), Fraction(9, 10), Fraction(9999, 10000)])
def test_effective_numbers_take_a_beta(beta):
    found = class_weights("effective", PIXELS, float(beta))
    assert found == pytest.approx(exact("effective", beta), rel=1e-9)


def test_billions_of_pixels_are_no_trouble():
    found = class_weights("effective", [10**12, 10**6], 0.9999999)
    expected = 1 / (1 - Decimal("0.9999999") ** 10**6)  # of 10^12 it is 1 in double precision
    assert found[1] / found[0] == pytest.approx(float(expected), rel=1e-7)


def test_labels_without_any_class_are_refused():
    with pytest.raises(ValueError, match="no class has a pixel in the training labels"):
        class_weights("inverse", [0, 0])


def branches(weights):
    terms = {name: Supervised(name, [CrossEntropy("all")]) for name in BRANCHES}
    objective = Objective(terms, dict.fromkeys(BRANCHES, 1.0), class_weight="inverse")
    if weights is not None:
        weigh_classes(objective, weights)
    return objective


def test_the_cross_entropy_of_every_branch_is_weighed():
    mask = labels(2, 6, 7, 5)
    scores = {name: logits(2, 5, 6, 7) for name in BRANCHES}
    weights = class_weights("inverse", PIXELS)
    terms = branches(weights)(prediction(**scores), mask).terms
    factors = torch.tensor(weights, dtype=torch.float64)
    for name in BRANCHES:
        whole = F.cross_entropy(scores[name], mask, factors, ignore_index=255, reduction="sum")
        close(terms[name], whole / mask.numel(), 1e-6)


def test_a_loss_with_weights_of_its_own_is_refused():
    terms = {"student": Supervised("student", [CrossEntropy(weight=[1.0, 2.0])])}
    objective = Objective(terms, {"student": 1.0}, class_weight="inverse")
    with pytest.raises(ValueError, match=r"loss\.class_weight=inverse and the weight of a cross"):
        weigh_classes(objective, [1.0, 1.0])


def test_a_loss_without_cross_entropy_is_refused():
    terms = {"student": Supervised("student", [torch.nn.CrossEntropyLoss()])}
    objective = Objective(terms, {"student": 1.0}, class_weight="effective")
    with pytest.raises(ValueError, match=r"loss\.class_weight=effective weighs .* has none"):
        weigh_classes(objective, [1.0, 1.0])


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"class_weight": "median"}, r"Unknown loss\.class_weight 'median'\. Available: none, inv"),
        ({"effective_beta": 1.0}, r"loss\.effective_beta is 1\.0; choose a number >= 0"),
        ({"effective_beta": float("nan")}, r"loss\.effective_beta is nan"),
    ],
)
def test_what_cannot_be_meant_is_refused(given, sentence):
    terms = {"student": Supervised("student", [CrossEntropy()])}
    with pytest.raises(ValueError, match=sentence):
        Objective(terms, {"student": 1.0}, **given)
