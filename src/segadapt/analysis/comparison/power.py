"""Statistical power: the effects that a number of seeds can detect."""

import math
from collections.abc import Mapping
from functools import cache
from typing import Final

import numpy as np
from jaxtyping import Float

from segadapt.analysis.comparison.intervals import LEVEL, Difference, Spread
from segadapt.analysis.comparison.sections import Section

POWER: Final = 0.8
"""Probability with which a true difference should be detected."""

MOST_SEEDS: Final = 1000

EFFECTS: Final = (0.5, 1, 2)
"""Differences of mIoU, in percentage points, for which the number of seeds is printed."""

NOTES: Final = (
    "deviation: standard deviation over seeds of the difference to the baseline; detects: the "
    "smallest true difference that these seeds find with a probability of 80 %; both in points "
    "of mIoU",
    "the deviation is itself estimated from few seeds; with 3 of them the true one can be half or "
    "six times as large",
    "the spread over images does not shrink with more seeds; over 1000: these images are too few "
    "for that difference",
)

QUANTILES: Final = 2000
"""Number of points of the numerical integral over the estimated deviation."""


def power(effect: float, spread: Spread) -> float:
    """Probability that the interval of :meth:`Spread.reach` excludes 0.

    The mean difference is normal. The variance over seeds is estimated, so the interval's length is
    averaged over its chi-squared distribution. Without images, this is the power of the paired t
    test.

    Args:
        effect: True difference, in the unit of the spread.
        spread: Its deviation and image error are taken as the true ones.
    """
    from scipy import stats

    free = spread.seeds - 1
    estimated = spread.seed_deviation * _estimates(free)
    reach = stats.t.isf((1 - LEVEL) / 2, free) * estimated / math.sqrt(spread.seeds)
    error = spread.seed_deviation / math.sqrt(spread.seeds)
    if spread.images > 1:
        reach = np.hypot(
            reach, stats.t.isf((1 - LEVEL) / 2, spread.images - 1) * spread.image_error
        )
        error = math.hypot(error, spread.image_error)
    if error == 0:  # all seeds are equal
        return float(effect != 0)
    above = stats.norm.sf((reach - effect) / error)
    below = stats.norm.cdf((-reach - effect) / error)
    return float(np.mean(above + below))


@cache  # called many times in a search for an effect
def _estimates(free: int) -> Float[np.ndarray, "q"]:
    """Quantiles of an estimated deviation, as multiples of the true one."""
    from scipy import stats

    levels = (np.arange(QUANTILES) + 0.5) / QUANTILES
    return np.sqrt(stats.chi2.ppf(levels, free) / free)


def detectable(spread: Spread) -> float:
    """The smallest true difference that is detected with a probability of 80 %."""
    from scipy import optimize

    if spread.reach == 0:
        return 0.0
    high = spread.reach
    while power(high, spread) < POWER:
        high *= 2
    return float(optimize.brentq(lambda effect: power(effect, spread) - POWER, 0.0, high))


def seeds_needed(effect: float, spread: Spread) -> int | None:
    """The smallest number of seeds that detects a true difference with a probability of 80 %.

    Returns:
        The number; None if more than 1000 would be needed, for instance because the choice of
            validation images alone causes too much uncertainty.
    """
    fewest, most = 2, MOST_SEEDS
    if power(effect, spread._replace(seeds=most)) < POWER:
        return None
    while fewest < most:
        middle = (fewest + most) // 2
        if power(effect, spread._replace(seeds=middle)) >= POWER:
            most = middle
        else:
            fewest = middle + 1
    return fewest


def power_section(differences: Mapping[str, Difference | None]) -> Section | None:
    """The effects that the given seeds detect, and the number of seeds that other effects need.

    Args:
        differences: Differences to the baseline, by arm.

    Returns:
        The table; None if no arm shares two seeds with the baseline.
    """
    head = ["arm", "seeds", "deviation", "detects", *(f"seeds for {effect}" for effect in EFFECTS)]
    rows = [
        [arm, *_power_cells(gap.spread)]
        for arm, gap in differences.items()
        if gap is not None and gap.spread is not None
    ]
    if not rows:
        return None
    return Section("Power", [head, *rows], list(NOTES))


def _power_cells(spread: Spread) -> list[str]:
    needed = [seeds_needed(effect / 100, spread) for effect in EFFECTS]
    return [
        str(spread.seeds),
        f"{100 * spread.seed_deviation:.2f}",
        f"{100 * detectable(spread):.2f}",
        *(f"over {MOST_SEEDS}" if number is None else str(number) for number in needed),
    ]
