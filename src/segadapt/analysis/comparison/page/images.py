"""Images on which an arm gains and loses, from the per-image counts of its runs."""

from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from segadapt.analysis.comparison.arms import Arm
from segadapt.evaluation.metrics.per_image import PerImage


class ImageView(NamedTuple):
    """An image, its label and two predictions, as picture sources by title."""

    pictures: dict[str, str]
    legend: list[tuple[str, str]]
    """Classes that occur, and their CSS colours."""


class Views(NamedTuple):
    """Views by image name, or the reason why there are none."""

    images: dict[str, ImageView]
    note: str


class ImageGains(NamedTuple):
    """MIoU of each image in percent, averaged over the seeds that both arms have."""

    arm: Arm
    base: Arm
    names: tuple[str, ...]
    ours: Float[np.ndarray, "n"]
    theirs: Float[np.ndarray, "n"]

    def most_gained(self, number: int) -> list[int]:
        """Indices of the images with the largest gains, in decreasing order."""
        return [i for i in self._order[::-1][:number].tolist() if self.ours[i] > self.theirs[i]]

    def most_lost(self, number: int) -> list[int]:
        """Indices of the images with the largest losses, in decreasing order."""
        return [i for i in self._order[:number].tolist() if self.ours[i] < self.theirs[i]]

    @property
    def _order(self) -> Int[np.ndarray, "n"]:
        return np.argsort(self.ours - self.theirs, kind="stable")


Look = Callable[[ImageGains, Collection[str]], Views]
"""A function that draws images of two arms by name, such as that of ``pictures.py``."""


def image_gains(arm: Arm, base: Arm) -> ImageGains | None:
    """Gains of an arm by image; None unless all runs counted the same images."""
    seeds = sorted(arm.by_seed.keys() & base.by_seed.keys())
    ours = _counts(arm, seeds)
    theirs = _counts(base, seeds)
    if not seeds or len({counts.names for counts in (*ours, *theirs)}) != 1:
        return None
    if len(ours) != len(seeds) or len(theirs) != len(seeds):
        return None
    means = [np.mean([_mious(counts) for counts in runs], axis=0) for runs in (ours, theirs)]
    seen = ~np.isnan(means[0]) & ~np.isnan(means[1])
    names = tuple(np.array(ours[0].names, dtype=object)[seen])
    return ImageGains(arm, base, names, means[0][seen], means[1][seen])


def _counts(arm: Arm, seeds: Sequence[int]) -> list[PerImage]:
    runs = [arm.by_seed[seed].per_image for seed in seeds]
    return [counts for counts in runs if counts is not None]


def _mious(images: PerImage) -> Float[np.ndarray, "n"]:
    """MIoU of each image, over the classes labelled or predicted in it; NaN without any."""
    right, labelled, predicted = np.moveaxis(images.counts.astype(np.float64), 1, 0)
    union = labelled + predicted - right
    iou = np.divide(right, union, out=np.zeros_like(union), where=union > 0)
    classes = (union > 0).sum(1)
    return np.divide(
        100 * iou.sum(1), classes, out=np.full(len(classes), np.nan), where=classes > 0
    )
