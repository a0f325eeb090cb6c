"""Range, mean and deviation of the images of a split, channel by channel, file by file."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, NamedTuple

import numpy as np
from jaxtyping import Float64, Int64, Num

from segadapt.data.files.image_format import ImageFormat
from segadapt.data.reading import Part

BINS: Final = 65536
"""Number of levels of a histogram: all of 16 bits, so that only other values are rounded."""

TAILS: Final = (0.001, 0.999)
"""Fractions of the values of all channels below black and below white."""


class Measured(NamedTuple):
    """Measured statistics of images.

    Attributes:
        range: Numbers that become black and white; None for 8 bits.
        mean: Of each channel, as a fraction of the range.
        std: Deviation of each channel, the same.
    """

    range: tuple[float, float] | None
    mean: list[float]
    std: list[float]

    def settings(self) -> dict[str, list[float]]:
        """Overrides of ``data`` with these numbers."""
        limits = {} if self.range is None else {"range": [float(f"{v:.6g}") for v in self.range]}
        rounded = {
            key: [float(f"{value:.4g}") for value in values]
            for key, values in (("mean", self.mean), ("std", self.std))
        }
        return {**limits, **rounded}


def measure(
    parts: Sequence[Part],
    read: Callable[[Part], Num[np.ndarray, "n c"]],
    form: ImageFormat,
    threads: int | None = None,
) -> Measured:
    """Read the images of a split, twice if they have no fixed levels; none is kept in memory.

    Args:
        parts: The images, or the parts of rasters.
        read: Gives the numbers of one.
        form: Channels and depth. A range that it has is kept, and else measured.
        threads: How many are read at a time; None for one a core.

    Raises:
        ValueError: If an image cannot be read, or all values are the same.
    """
    number = threads or len(os.sched_getaffinity(0))
    with ThreadPoolExecutor(number) as pool:
        edges = _edges(parts, form, read, pool)
        histogram = np.zeros((form.channels, len(edges) - 1), dtype=np.int64)
        for counted in pool.map(lambda part: _counts(read(part), edges), parts):
            histogram += counted
    if not histogram.any():
        raise ValueError("no image has a pixel with data, so nothing can be measured")
    centres = (edges[:-1] + edges[1:]) / 2
    if form.depth == 8:
        return _moments(histogram, centres / 255, None)
    low, high = form.range or _tails(histogram.sum(0), centres)
    if low >= high:
        raise ValueError(f"all images hold {low:g} alone, so they have no range; replace them")
    return _moments(histogram, ((centres - low) / (high - low)).clip(0, 1), (low, high))


def _edges(
    parts: Sequence[Part],
    form: ImageFormat,
    read: Callable[[Part], Num[np.ndarray, "n c"]],
    pool: ThreadPoolExecutor,
) -> Float64[np.ndarray, "_"]:
    """Edges of the levels: between integers, or evenly spaced from the least to the greatest."""
    if form.depth != "float":
        return np.arange(257 if form.depth == 8 else BINS + 1) - 0.5

    def extremes(part: Part) -> tuple[float, float]:
        array = read(part).astype(np.float64)
        return float(array.min(initial=np.inf)), float(array.max(initial=-np.inf))

    least, most = zip(*pool.map(extremes, parts), strict=True)
    low, high = min(least), max(most)
    if low > high:
        raise ValueError("no image has a pixel with data, so nothing can be measured")
    return np.linspace(low, high if high > low else low + 1, BINS + 1)


def _counts(
    values: Num[np.ndarray, "n c"], edges: Float64[np.ndarray, "_"]
) -> Int64[np.ndarray, "c _"]:
    scale = (len(edges) - 1) / (edges[-1] - edges[0])
    levels = ((values.astype(np.float64) - edges[0]) * scale).astype(np.int64)
    levels = levels.clip(0, len(edges) - 2)
    return np.stack([np.bincount(level, minlength=len(edges) - 1) for level in levels.T])


def _tails(
    counts: Int64[np.ndarray, "_"], centres: Float64[np.ndarray, "_"]
) -> tuple[float, float]:
    shares = np.cumsum(counts) / counts.sum()
    low, high = (float(centres[int(np.searchsorted(shares, tail))]) for tail in TAILS)
    return low, high


def _moments(
    histogram: Int64[np.ndarray, "c _"],
    values: Float64[np.ndarray, "_"],
    limits: tuple[float, float] | None,
) -> Measured:
    shares = histogram / histogram.sum(1, keepdims=True)
    mean = shares @ values
    std = np.sqrt(((values - mean[:, None]) ** 2 * shares).sum(1))
    return Measured(limits, mean.tolist(), std.clip(1e-6).tolist())
