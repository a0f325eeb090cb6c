"""The intervals of a comparison hold a known truth as often as they claim."""

import numpy as np
import pytest
from benchmarks.coverage import coverage, repetition, scenes, training, truth


def test_simulated_counts_are_counts_of_a_confusion_matrix():
    draw = np.random.default_rng(0)
    seen = scenes(20, draw)
    right, labelled, predicted = np.moveaxis(training(seen, 0, np.zeros(11), draw), 1, 0)
    assert (right <= labelled).all()
    assert (right <= predicted).all()
    assert (labelled == seen.pixels).all()
    # wrong pixels of a class are predicted as others
    assert predicted.sum() == pytest.approx(labelled.sum(), rel=0.01)


def test_a_repetition_repeats():
    one, again = (repetition(0.1, 2, 30, np.random.default_rng(3)) for _ in range(2))
    assert one == again


@pytest.mark.slow
@pytest.mark.parametrize("seeds", [2, 3, 5])
@pytest.mark.parametrize("deviation", [0.02, 0.3])
def test_the_interval_of_a_comparison_holds_the_truth(deviation, seeds):
    shares = coverage(deviation, seeds, 100, repeats=200)
    assert shares["seeds and images"] >= 0.91  # 0.95 less three standard errors
    if deviation == 0.3:
        assert shares["images"] < 0.7
        assert shares["hierarchical"] < 0.93
    assert 0.01 < truth(deviation) < 0.03
