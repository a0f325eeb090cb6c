"""How sure a difference of two arms is."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from segadapt.analysis.comparison.arms import Arm
from segadapt.evaluation.metrics.per_image import PerImage

RESAMPLES = 2000


class Difference(NamedTuple):
    """mIoU of an arm minus that of the baseline, as fractions."""

    mean: float
    low: float | None
    high: float | None
    """Ends of the 95 % interval; None where nothing can be said."""
    method: str
    """``images``: bootstrap over images; ``seeds``: paired t over seeds; ``none``."""
    seeds: int


def difference(arm: Arm, baseline: Arm) -> Difference | None:
    """Compare two arms by the seeds that both have; None where there is no such seed.

    With per-image counts of every run, images are drawn with replacement, the same for both arms
    and all seeds (2000 times): what the interval says is how the validation set might have been.
    Otherwise it is Student's for the differences of the seeds: how the training might have been.
    """
    seeds = sorted(arm.by_seed.keys() & baseline.by_seed.keys())
    if not seeds:
        return None
    ours = [arm.by_seed[seed] for seed in seeds]
    theirs = [baseline.by_seed[seed] for seed in seeds]
    gaps = np.array([a.miou - b.miou for a, b in zip(ours, theirs, strict=True)])
    counted = [run.per_image for run in (*ours, *theirs)]
    images = [counts for counts in counted if counts is not None]
    alike = {(counts.names, counts.counts.shape) for counts in images}
    if len(images) == len(counted) and len(alike) == 1:
        low, high = bootstrap(images[: len(seeds)], images[len(seeds) :])
        return Difference(float(gaps.mean()), low, high, "images", len(seeds))
    if len(seeds) > 1:
        from scipy import stats  # takes a second

        reach = stats.t.ppf(0.975, len(seeds) - 1) * gaps.std(ddof=1) / math.sqrt(len(seeds))
        mean = float(gaps.mean())
        return Difference(mean, mean - reach, mean + reach, "seeds", len(seeds))
    return Difference(float(gaps.mean()), None, None, "none", 1)


def bootstrap(
    ours: Sequence[PerImage], theirs: Sequence[PerImage], seed: int = 0
) -> tuple[float, float]:
    """95 % interval of the mean difference over seeds, by resampling images.

    Args:
        ours: Counts of one arm, by seed.
        theirs: Those of the baseline, of the same images in the same order.
        seed: Of the draws.
    """
    images = len(ours[0].names)
    weights = np.random.default_rng(seed).multinomial(
        images, np.full(images, 1 / images), size=RESAMPLES
    )
    gaps = [
        resampled_miou(a.counts, weights) - resampled_miou(b.counts, weights)
        for a, b in zip(ours, theirs, strict=True)
    ]
    low, high = np.quantile(np.mean(gaps, axis=0), [0.025, 0.975])
    return float(low), float(high)


def resampled_miou(
    counts: Int[np.ndarray, "n 3 k"], weights: Int[np.ndarray, "r n"]
) -> Float[np.ndarray, "r"]:
    """MIoU of each resample: counts are summed over images before any division.

    Args:
        counts: Right, labelled and predicted pixels.
        weights: How often each image is in each resample.
    """
    # BLAS knows no integers; as floats they are exact below 2 ** 53
    sums = np.tensordot(weights.astype(np.float64), counts.astype(np.float64), 1)
    right, labelled, predicted = np.moveaxis(sums, 1, 0)
    union = labelled + predicted - right
    iou = np.divide(right, union, out=np.full(union.shape, np.nan), where=union > 0)
    return np.nanmean(iou, axis=1)
