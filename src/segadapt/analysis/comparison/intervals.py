"""Confidence intervals of the difference between two arms."""

import math
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np
from jaxtyping import Float, Int

from segadapt.analysis.comparison.arms import Arm
from segadapt.evaluation.metrics.per_image import PerImage

RESAMPLES: Final = 2000
LEVEL: Final = 0.95

Interval = tuple[float, float]


class Difference(NamedTuple):
    """Difference of an arm's mIoU to the baseline's, as fractions."""

    mean: float
    low: float | None
    high: float | None
    """Ends of the 95 % interval; None with too few seeds."""
    method: str
    """``seeds and images``, ``seeds``, or ``too few seeds``."""
    seeds: int
    p: float | None = None
    """Two-sided p value; below 0.05 exactly if the interval excludes 0."""
    spread: "Spread | None" = None
    others: Mapping[str, Interval] = {}
    """Intervals of narrower claims, by name: ``images``, ``seeds``, ``hierarchical``."""


class Spread(NamedTuple):
    """Sources of uncertainty of a mean difference."""

    seed_deviation: float
    """Sample standard deviation of the difference over seeds."""
    image_error: float
    """Standard error that another choice of validation images would add."""
    seeds: int
    images: int
    """Number of validation images; 0 without per-image counts."""

    @property
    def reach(self) -> float:
        """Half of the 95 % interval."""
        return self.reach_at(1 - LEVEL)

    def reach_at(self, p: float) -> float:
        """Half of the interval that contains the true difference with probability 1 - p.

        The half intervals of both sources, each with the quantile of its own degrees of freedom,
        are added in quadrature. ``benchmarks/coverage.py`` shows that it holds with 2 seeds and
        more, where Student's t over seeds, bootstraps, and Satterthwaite's approximation do not.
        """
        from scipy import stats  # imports slowly

        reach = stats.t.isf(p / 2, self.seeds - 1) * self.seed_deviation / math.sqrt(self.seeds)
        if self.images < 2:
            return float(reach)
        return math.hypot(reach, stats.t.isf(p / 2, self.images - 1) * self.image_error)


def difference(arm: Arm, baseline: Arm) -> Difference | None:
    """Compare two arms over their common seeds; None without any.

    The interval covers other seeds and, if every run has per-image counts, other validation images
    of the same kind. A single common seed allows no conclusion about others, so it has no interval.
    """
    seeds = sorted(arm.by_seed.keys() & baseline.by_seed.keys())
    if not seeds:
        return None
    ours = [arm.by_seed[seed] for seed in seeds]
    theirs = [baseline.by_seed[seed] for seed in seeds]
    gaps = np.array([a.miou - b.miou for a, b in zip(ours, theirs, strict=True)])
    counts = [run.per_image for run in (*ours, *theirs)]
    draws = _draws([images for images in counts if images is not None], len(counts))
    return interval_of(gaps, draws, len(counts[0].names) if draws is not None and counts[0] else 0)


def _draws(images: Sequence[PerImage], needed: int) -> Float[np.ndarray, "r s"] | None:
    """Resampled differences of each seed, if all runs counted the same images."""
    shapes = {(counts.names, counts.counts.shape) for counts in images}  # alike, unless unranked
    if len(images) < needed or len(shapes) != 1:
        return None
    return resampled_gaps(images[: needed // 2], images[needed // 2 :])


def interval_of(
    gaps: Float[np.ndarray, "s"], draws: Float[np.ndarray, "r s"] | None, images: int
) -> Difference:
    """The interval of a mean difference.

    Args:
        gaps: Differences of the seeds, on all images.
        draws: The same on resampled images; None without per-image counts.
        images: Number of images; 0 without per-image counts.
    """
    mean, seeds = float(gaps.mean()), len(gaps)
    others = {} if draws is None else {"images": _middle(draws.mean(1))}
    if seeds < 2:
        return Difference(mean, None, None, "too few seeds", seeds, others=others)
    error = 0.0 if draws is None else float(draws.mean(1).std(ddof=1))
    spread = Spread(float(gaps.std(ddof=1)), error, seeds, images)
    alone = spread._replace(images=0).reach
    others["seeds"] = (mean - alone, mean + alone)
    if draws is not None:
        others["hierarchical"] = _middle(_redrawn_seeds(draws))
    method = "seeds" if draws is None else "seeds and images"
    reach = spread.reach
    p = p_value(mean, spread)
    return Difference(mean, mean - reach, mean + reach, method, seeds, p, spread, others)


def p_value(mean: float, spread: Spread) -> float:
    """The smallest p whose interval excludes 0; 1 if the mean is 0."""
    from scipy import optimize

    if spread.reach == 0:
        return 0.0 if mean else 1.0
    smallest = 1e-12
    if spread.reach_at(smallest) <= abs(mean):
        return smallest
    return float(
        optimize.brentq(lambda p: spread.reach_at(p) - abs(mean), smallest, 1.0, xtol=1e-12)
    )


def resampled_gaps(
    ours: Sequence[PerImage], theirs: Sequence[PerImage], seed: int = 0
) -> Float[np.ndarray, "r s"]:
    """Differences of mIoU of each seed, on images drawn with replacement.

    Args:
        ours: Counts of one arm, by seed.
        theirs: Counts of the baseline, for the same images in the same order.
        seed: Seed of the draws, which are the same for both arms and all seeds.
    """
    images = len(ours[0].names)
    weights = np.random.default_rng(seed).multinomial(
        images, np.full(images, 1 / images), size=RESAMPLES
    )
    gaps = [
        resampled_miou(a.counts, weights) - resampled_miou(b.counts, weights)
        for a, b in zip(ours, theirs, strict=True)
    ]
    return np.stack(gaps, axis=1)


def resampled_miou(
    counts: Int[np.ndarray, "n 3 k"], weights: Int[np.ndarray, "r n"]
) -> Float[np.ndarray, "r"]:
    """MIoU of each resample: counts are summed over images before any division.

    Args:
        counts: Correct, labelled and predicted pixels.
        weights: Number of times that each image is in each resample.
    """
    # BLAS has no integers; floats are exact below 2 ** 53
    sums = np.tensordot(weights.astype(np.float64), counts.astype(np.float64), 1)
    right, labelled, predicted = np.moveaxis(sums, 1, 0)
    union = labelled + predicted - right
    iou = np.divide(right, union, out=np.full(union.shape, np.nan), where=union > 0)
    return np.nanmean(iou, axis=1)


def _redrawn_seeds(draws: Float[np.ndarray, "r s"]) -> Float[np.ndarray, "r"]:
    """Means over seeds that are also drawn with replacement: the hierarchical bootstrap."""
    resamples, seeds = draws.shape
    drawn = np.random.default_rng(1).integers(0, seeds, (resamples, seeds))
    return np.take_along_axis(draws, drawn, axis=1).mean(1)


def _middle(draws: Float[np.ndarray, "r"]) -> Interval:
    low, high = np.quantile(draws, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)
