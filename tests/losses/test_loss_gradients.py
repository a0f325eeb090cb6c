"""Which parameters each term trains (spec A.4 and B.4)."""

import golden
import pytest
import torch
from composed import objective

CAC_SHARED = {"coarse.weight", "coarse.bias"}
STUDENT = {"student.0.weight", "student.2.weight", "student.2.bias"}
TEACHER = {"teacher.0.weight", "teacher.2.weight", "teacher.2.bias"}
POSITION = {"position.weight", "position.bias"}


def reached(name: str, term: str) -> set[str]:
    """Parameters and features that get a gradient other than zero."""
    classifier = getattr(golden, name)()
    features = golden.features().requires_grad_()
    losses = objective(name)(classifier(features, golden.target()), golden.mask())
    named = {**dict(classifier.named_parameters()), "features": features}
    gradients = torch.autograd.grad(losses.terms[term], list(named.values()), allow_unused=True)
    found = zip(named, gradients, strict=True)
    return {key for key, slope in found if slope is not None and slope.any()}


def branch(name: str, *parts: str) -> set[str]:
    suffixes = {"semantic": STUDENT, "spatial": STUDENT, "mix": {"student.weight"}}
    return {key.replace("student", f"{name}.{part}", 1) for part in parts for key in suffixes[part]}


@pytest.mark.parametrize(
    ("term", "parameters"),
    [
        ("coarse", CAC_SHARED),
        ("student", CAC_SHARED | STUDENT),
        ("teacher", {"coarse.weight"} | TEACHER),
        ("response", CAC_SHARED | STUDENT),
    ],
)
def test_cac(term, parameters):
    assert reached("cac", term) == parameters | {"features"}


EVERYTHING = ("semantic", "spatial", "mix")


@pytest.mark.parametrize(
    ("term", "parameters"),
    [
        ("coarse", CAC_SHARED),
        ("student", CAC_SHARED | POSITION | {"basis.weight"} | branch("student", *EVERYTHING)),
        (
            "teacher",
            {"coarse.weight", "basis.weight"} | POSITION | branch("teacher", *EVERYTHING),
        ),
        ("response", CAC_SHARED | POSITION | {"basis.weight"} | branch("student", *EVERYTHING)),
        ("semantic", CAC_SHARED | branch("student", "semantic")),
        ("spatial", {"coarse.weight", "basis.weight"} | POSITION | branch("student", "spatial")),
    ],
)
def test_ssa(term, parameters):
    # A bias that is the same for all positions leaves a softmax over positions alone.
    assert reached("ssa", term) - {"coarse.bias"} == (parameters | {"features"}) - {"coarse.bias"}
    if term in ("coarse", "student", "response", "semantic"):
        assert "coarse.bias" in reached("ssa", term)
