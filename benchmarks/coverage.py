"""Coverage of the intervals of a comparison, by simulation.

Run it by ``segadapt benchmark coverage [repeats=400] [images=100]``.

Trainings are simulated as counts of right, labelled and predicted pixels of each image and class.
Classes differ in size and difficulty, images in content and difficulty; an arm has a bias of its
own on every image, a seed shifts the skill in each class, and both together vary by image. The
truth is the difference of the arms' mean mIoU over very many seeds and images. It writes
docs/figures/coverage.png too. The same command continues an interrupted run.
"""

from collections.abc import Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from benchmarks.harness.goals import Goal, numbers_of, publish
from benchmarks.harness.kept import kept_by
from jaxtyping import Float

from segadapt.analysis.comparison.intervals import (
    Difference,
    interval_of,
    resampled_gaps,
    resampled_miou,
)
from segadapt.evaluation.metrics.per_image import PerImage

CLASSES: Final = 11
SKILL: Final = np.linspace(2.5, 0.0, CLASSES)
"""Log odds of a class's pixels to be right, from the easiest to the hardest class."""

EFFECT: Final = 0.1
"""Advantage of one arm in log odds: about two points of mIoU."""

SEED_SPREADS: Final[Mapping[str, float]] = {"small": 0.02, "medium": 0.1, "large": 0.3}
"""Deviation of a class's log odds over seeds: 0.2, 1 and 3 points of mIoU."""

SEEDS: Final = (2, 3, 5, 10)
POPULATION: Final = 2000
LEAST: Final = 0.93
"""Coverage that an interval of 95 % must reach in every case; 400 repeats leave 1 % of error."""


class Scenes(NamedTuple):
    """Images of which an arm makes something."""

    pixels: Float[np.ndarray, "n k"]
    difficulty: Float[np.ndarray, "n k"]
    arms: Float[np.ndarray, "2 n k"]
    """Effect of each image on each arm."""


def scenes(images: int, draw: np.random.Generator) -> Scenes:
    """Draw images: few pixels of rare classes, in few images."""
    shape = (images, CLASSES)
    pixels = draw.gamma(0.7, 1, shape) * np.geomspace(3000, 60, CLASSES)
    return Scenes(np.round(pixels), draw.normal(0, 0.8, shape), draw.normal(0, 0.25, (2, *shape)))


def training(
    seen: Scenes, arm: int, seed_shift: Float[np.ndarray, "k"], draw: np.random.Generator
) -> Float[np.ndarray, "n 3 k"]:
    """Counts of one training on all images."""
    odds = SKILL + arm * EFFECT + seed_shift + seen.difficulty + seen.arms[arm]
    odds = odds + draw.normal(0, 0.3, seen.pixels.shape)
    right = np.round(seen.pixels / (1 + np.exp(-odds)))
    wrong = (seen.pixels - right).sum(1, keepdims=True)
    spread = draw.dirichlet(np.ones(CLASSES), len(seen.pixels))
    return np.stack([right, seen.pixels, right + np.round(wrong * spread)], axis=1)


@cache
def truth(deviation: float, pairs: int = 500) -> float:
    """The difference over many seeds and images; seeds come in opposite pairs to vary less."""
    draw = np.random.default_rng(1)
    world = scenes(POPULATION, draw)
    everything = np.ones((1, POPULATION), dtype=int)
    means = []
    for arm in (0, 1):
        shifts = draw.normal(0, deviation, (pairs, CLASSES))
        counts = (training(world, arm, s, draw) for half in shifts for s in (half, -half))
        means.append(np.mean([resampled_miou(c.astype(int), everything).item() for c in counts]))
    return float(means[1] - means[0])


def repetition(deviation: float, seeds: int, images: int, draw: np.random.Generator) -> Difference:
    """Simulate the trainings of two arms, and judge their difference as a comparison does."""
    seen = scenes(images, draw)
    names = tuple(map(str, range(images)))
    arms = [
        [
            PerImage(names, training(seen, arm, shift, draw).astype(int))
            for shift in draw.normal(0, deviation, (seeds, CLASSES))
        ]
        for arm in (0, 1)
    ]
    everything = np.ones((1, images), dtype=int)
    values = [[resampled_miou(run.counts, everything).item() for run in arm] for arm in arms]
    draws = resampled_gaps(arms[1], arms[0], seed=int(draw.integers(1 << 30)))
    return interval_of(np.subtract(values[1], values[0]), draws, images)


def coverage(deviation: float, seeds: int, images: int, repeats: int) -> dict[str, float]:
    """Share of repetitions whose interval holds the truth, by method."""
    draw = np.random.default_rng(seeds)
    right = truth(deviation)
    hits: dict[str, list[bool]] = {}
    for _ in range(repeats):
        gap = repetition(deviation, seeds, images, draw)
        low, high = gap.low or 0.0, gap.high or 0.0
        for name, (start, end) in {gap.method: (low, high), **gap.others}.items():
            hits.setdefault(name, []).append(start <= right <= end)
    return {name: float(np.mean(held)) for name, held in hits.items()}


def main(arguments: Sequence[str]) -> None:
    """Measure every case; write JSON and figure."""
    repeats, images = numbers_of(arguments, repeats=400, images=100)
    results: dict[str, dict[int, dict[str, float]]] = {}
    goals = []
    kept = kept_by("coverage", len(SEED_SPREADS) * len(SEEDS), repeats=repeats, images=images)
    for name, deviation in SEED_SPREADS.items():
        for seeds in SEEDS:
            label = f"{name} spread, {seeds} seeds"
            shares = kept.get(label, partial(coverage, deviation, seeds, images, repeats), str)
            results.setdefault(name, {})[seeds] = shares
            goals.append(Goal(label, shares["seeds and images"], LEAST, unit="", at_least=True))
    title = f"coverage of 95 % intervals, {images} images, {repeats} repetitions of each case"
    publish("coverage", title, goals, {"coverage": results})
    draw_figure(results)
    kept.finish()


def draw_figure(results: Mapping[str, Mapping[int, Mapping[str, float]]]) -> None:
    """Coverage against seeds, one panel for each spread over seeds."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    from segadapt.analysis.style import STYLE

    with mpl.rc_context(dict(STYLE)):
        figure = Figure(figsize=(7.0, 2.6), layout="constrained")
        panels = figure.subplots(1, len(results), sharey=True)
        for panel, (name, cases) in zip(panels, results.items(), strict=True):
            _panel(panel, cases)
            panel.set_title(f"{name} spread over seeds")
            panel.set_xlabel("seeds")
        panels[0].set_ylabel("intervals that hold the truth")
        handles, labels = panels[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=5)
        target = Path(__file__).resolve().parents[1] / "docs" / "figures" / "coverage.png"
        figure.savefig(target, dpi=160)
    print(f"drawn: {target}")


def _panel(panel: Any, cases: Mapping[int, Mapping[str, float]]) -> None:
    positions = range(len(cases))
    for marker, method in zip("osvD", next(iter(cases.values())), strict=True):
        panel.plot(
            positions, [case[method] for case in cases.values()], marker=marker, label=method
        )
    panel.axhline(0.95, color="grey", linestyle="--", linewidth=0.8, label="95 %")
    panel.set_xticks(positions, [str(seeds) for seeds in cases])
    panel.set_ylim(0.3, 1.02)
