"""Power against the noncentral t distribution and against simulation."""

import numpy as np
import pytest
from scipy import stats

from segadapt.analysis.comparison.intervals import Difference, Spread, p_value
from segadapt.analysis.comparison.power import detectable, power, power_section, seeds_needed


@pytest.mark.parametrize("seeds", [2, 3, 5, 12])
@pytest.mark.parametrize("effect", [0.3, 1.0, 2.5])
def test_without_images_it_is_the_noncentral_t(seeds, effect):
    free, shift = seeds - 1, effect / 0.9 * np.sqrt(seeds)
    critical = stats.t.ppf(0.975, free)
    tails = [stats.nct.sf(critical, free, shift), stats.nct.cdf(-critical, free, shift)]
    exact = np.nansum(tails)  # scipy gives nan for the vanishing one
    assert power(effect, Spread(0.9, 0.0, seeds, 0)) == pytest.approx(exact, abs=2e-5)


def test_seeds_needed_are_those_of_the_textbook():
    """A paired difference of one deviation needs 10 pairs, of half a deviation 34."""
    spread = Spread(1.0, 0.0, 3, 0)
    assert [seeds_needed(effect, spread) for effect in (1.0, 0.5)] == [10, 34]


def test_seeds_that_do_not_differ_detect_every_difference():
    spread = Spread(0.0, 0.0, 2, 0)
    assert power(0.001, spread) == 1
    assert power(0.0, spread) == 0
    assert (detectable(spread), seeds_needed(0.01, spread)) == (0, 2)


def test_with_images_it_is_what_a_simulation_detects():
    generator = np.random.default_rng(0)
    seeds, images, deviation, error, effect, times = 4, 100, 1.0, 0.4, 2.0, 3000
    shared = generator.normal(0, error, times)
    gaps = effect + shared[:, None] + generator.normal(0, deviation, (times, seeds))
    spreads = gaps.std(1, ddof=1)
    reach = np.hypot(
        stats.t.ppf(0.975, seeds - 1) * spreads / np.sqrt(seeds),
        stats.t.ppf(0.975, images - 1) * error,
    )
    detected = np.mean(abs(gaps.mean(1)) > reach)
    estimate = power(effect, Spread(deviation, error, seeds, images))
    assert estimate == pytest.approx(detected, abs=4 * np.sqrt(0.25 / times))
    first = Spread(float(spreads[0]), error, seeds, images)
    assert (p_value(float(gaps[0].mean()), first) < 0.05) == (abs(gaps[0].mean()) > reach[0])


def test_the_detectable_difference_is_detected_with_80_percent():
    spread = Spread(0.7, 0.2, 5, 101)
    assert power(detectable(spread), spread) == pytest.approx(0.8)


def test_images_alone_can_make_an_effect_undetectable():
    assert seeds_needed(0.5, Spread(0.1, 0.5, 3, 100)) is None


def test_the_section_lists_arms_with_seeds_only():
    spread = Spread(0.01, 0.0, 3, 0)
    gaps = {
        "a": Difference(0.02, 0.0, 0.04, "seeds", 3, 0.1, spread),
        "b": Difference(0.02, None, None, "too few seeds", 1),
        "c": None,
    }
    section = power_section(gaps)
    assert [row[0] for row in section.cells] == ["arm", "a"]
    assert section.cells[1][1:3] == ["3", "1.00"]
    assert section.cells[1][-2] == "10"
    assert power_section({"b": gaps["b"]}) is None
