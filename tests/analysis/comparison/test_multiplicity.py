"""Holm's adjustment against its definition by loops."""

import numpy as np
import pytest

from segadapt.analysis.comparison.multiplicity import holm


def by_definition(values):
    """The smallest level at which the step-down procedure rejects each hypothesis."""
    order = np.argsort(values, kind="stable")
    smallest = [1.0] * len(values)
    levels = sorted({min(1.0, k * p) for p in values for k in range(1, len(values) + 1)} | {1.0})
    for level in reversed(levels):
        for rank, index in enumerate(order):
            if values[index] * (len(values) - rank) > level * (1 + 1e-12):
                break
            smallest[index] = level
    return smallest


def test_a_worked_example():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


@pytest.mark.parametrize("seed", range(20))
def test_it_is_the_step_down_procedure(seed):
    values = np.random.default_rng(seed).uniform(0, 0.3, 6).tolist()
    assert holm(values) == pytest.approx(by_definition(values))


def test_nothing_and_one():
    assert holm([]) == []
    assert holm([0.2]) == [0.2]
