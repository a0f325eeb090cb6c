"""Intervals against scipy and against loops."""

import numpy as np
import pytest
from made_runs import make_run
from scipy import stats

from segadapt.analysis.comparison.arms import arms
from segadapt.analysis.comparison.intervals import (
    Spread,
    difference,
    p_value,
    resampled_gaps,
    resampled_miou,
)
from segadapt.analysis.comparison.results import PerImage, collect


def made(generator, images=12, classes=3):
    right = generator.integers(1, 50, (images, classes))
    extra = generator.integers(0, 30, (2, images, classes))
    return np.stack([right, right + extra[0], right + extra[1]], 1)


def pair(folder, ours, theirs, counts=None):
    for seed, (a, b) in enumerate(zip(ours, theirs, strict=True)):
        a_counts, b_counts = (None, None) if counts is None else counts[seed]
        make_run(folder / f"a{seed}", seed, a, typed=["x=1"], counts=a_counts)
        make_run(
            folder / f"b{seed}",
            seed,
            b,
            typed=["x=2"],
            classifier={"tau": 5.0},
            counts=b_counts,
        )
    return arms(collect([folder]).results)[0]


def test_over_seeds_it_is_the_paired_t_interval(tmp_path):
    ours, theirs = [0.50, 0.54, 0.55], [0.48, 0.50, 0.54]
    arm, base = pair(tmp_path, ours, theirs)
    found = difference(arm, base)
    interval = stats.ttest_rel(ours, theirs).confidence_interval(0.95)
    assert found.method == "seeds"
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high))
    assert found.mean == pytest.approx(np.subtract(ours, theirs).mean())


def test_its_p_value_is_that_of_the_paired_t_test(tmp_path):
    ours, theirs = [0.50, 0.54, 0.55], [0.48, 0.50, 0.54]
    gap = difference(*pair(tmp_path, ours, theirs))
    assert gap.p == pytest.approx(stats.ttest_rel(ours, theirs).pvalue, rel=1e-6)


@pytest.mark.parametrize("mean", [-0.02, 0.004, 0.03])
def test_the_p_value_is_the_level_whose_interval_ends_at_zero(mean):
    spread = Spread(seed_deviation=0.01, image_error=0.004, seeds=4, images=50)
    p = p_value(mean, spread)
    reaches = [
        stats.t.ppf(1 - p / 2, 3) * 0.01 / 2,
        stats.t.ppf(1 - p / 2, 49) * 0.004,
    ]
    assert np.hypot(*reaches) == pytest.approx(abs(mean))


def test_equal_runs_have_p_one_and_constant_gaps_p_zero():
    constant = Spread(0.0, 0.0, 3, 0)
    assert p_value(0.0, constant) == 1.0
    assert p_value(0.1, constant) == 0.0


def test_one_seed_has_no_interval(tmp_path):
    gap = difference(*pair(tmp_path, [0.5], [0.4]))
    assert (gap.low, gap.high, gap.p, gap.method) == (None, None, None, "too few seeds")


def test_without_a_common_seed_there_is_no_difference(tmp_path):
    make_run(tmp_path / "a", 0, typed=["x=1"])
    make_run(tmp_path / "b", 1, typed=["x=2"], classifier={"tau": 5.0})
    assert difference(*arms(collect([tmp_path]).results)[0]) is None


def test_resampled_miou_is_that_of_the_drawn_images():
    generator = np.random.default_rng(0)
    counts = made(generator)
    counts[:, :, 2] = 0  # a class that is nowhere
    weights = generator.multinomial(12, np.full(12, 1 / 12), size=4)
    for draw, found in zip(weights, resampled_miou(counts, weights), strict=True):
        ious = []
        for k in range(2):
            right, labelled, predicted = (
                sum(int(n) * int(image[row, k]) for n, image in zip(draw, counts, strict=True))
                for row in range(3)
            )
            ious.append(right / (labelled + predicted - right))
        assert found == pytest.approx(sum(ious) / 2)


def test_seeds_and_images_are_added_in_quadrature(tmp_path):
    generator = np.random.default_rng(1)
    counts = [(made(generator), made(generator)) for _ in range(3)]
    ours, theirs = [0.5, 0.6, 0.58], [0.5, 0.57, 0.56]
    gap = difference(*pair(tmp_path, ours, theirs, counts))
    names = tuple(f"image {i}" for i in range(12))
    draws = resampled_gaps(*([PerImage(names, one) for one in side] for side in zip(*counts)))  # noqa: B905
    seeds = stats.t.ppf(0.975, 2) * np.subtract(ours, theirs).std(ddof=1) / np.sqrt(3)
    images = stats.t.ppf(0.975, 11) * draws.mean(1).std(ddof=1)
    assert gap.method == "seeds and images"
    assert gap.high - gap.mean == pytest.approx(np.hypot(seeds, images))
    assert gap.mean - gap.low == pytest.approx(np.hypot(seeds, images))
    assert gap.others["seeds"] == pytest.approx((gap.mean - seeds, gap.mean + seeds))
    assert gap.others["images"] == pytest.approx(np.quantile(draws.mean(1), [0.025, 0.975]))


def test_one_seed_with_images_has_only_the_narrower_interval(tmp_path):
    generator = np.random.default_rng(1)
    gap = difference(*pair(tmp_path, [0.5], [0.4], [(made(generator), made(generator))]))
    assert gap.method == "too few seeds"
    assert gap.low is None
    assert list(gap.others) == ["images"]


def test_equal_arms_differ_by_exactly_nothing():
    counts = PerImage(tuple("abcdefghijkl"), made(np.random.default_rng(2)))
    assert not resampled_gaps([counts], [counts]).any()


def test_resampled_gaps_repeat_and_surround_the_difference():
    generator = np.random.default_rng(3)
    worse = made(generator, images=200)
    better = worse.copy()
    better[:, 0] = (better[:, 0] * 1.0 + 0.5 * (better[:, 1] - better[:, 0])).astype(int)
    names = tuple(map(str, range(200)))
    ours, theirs = PerImage(names, better), PerImage(names, worse)
    once = np.ones((1, 200), dtype=int)
    gap = (resampled_miou(better, once) - resampled_miou(worse, once)).item()
    draws = resampled_gaps([ours], [theirs])
    low, high = np.quantile(draws, [0.025, 0.975])
    assert 0 < low < gap < high
    assert (draws == resampled_gaps([ours], [theirs])).all()
