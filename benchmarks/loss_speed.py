"""Time of pixel losses compared with interpolation, torch's cross-entropy and smp's Dice.

Run it by ``segadapt benchmark loss_speed [repeats=15] [threads=1] [grid=3]``.

CPU time of forward and backward, in turns; the plain way gets scores in both of torch's memory
formats, and the faster one counts. First the sizes that have goals; then, ``grid`` rounds each, a
grid of classes, images and sizes, on which nothing may be slower than the plain way, once more with
both layouts of ours: where they cross is ``FEW`` in ``losses/parts/strip_pass.py``.

Every case is written to ``results/loss_speed.partial.json`` when it is measured; the same command
on the same commit continues from there, and replaces the file by ``results/loss_speed.json`` at the
end.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import product
from typing import Any, Final, NamedTuple
from unittest.mock import patch

import torch
import torch.nn.functional as F
from benchmarks.harness.goals import Goal, numbers_of, publish
from benchmarks.harness.kept import kept_by
from benchmarks.harness.presentation import timing
from benchmarks.harness.scenes import labels_in_patches
from jaxtyping import Float, Int
from segmentation_models_pytorch.losses import DiceLoss
from torch import Tensor

from segadapt.analysis.cost.timing import Timing, alternate, seconds, spread
from segadapt.losses.cross_entropy import CrossEntropy
from segadapt.losses.dice import Dice
from segadapt.losses.parts import strip_pass
from segadapt.losses.parts.fused import fused_loss
from segadapt.structures import IGNORE

NAME: Final = "loss_speed"

STRIDE: Final = 4
"""Pixels of the labels for each cell of the scores, along each side."""

SIZES: Final = (96, 192, 256)
GOALS: Final = {2: 0.6, 11: 0.6, 19: 0.5, 150: 0.3}
"""Largest ratio of ours to plain, by the number of classes."""

CLASSES: Final = (2, 5, 11, 19, 32, 59, 150, 300)
IMAGES: Final = (1, 4, 16)
SIDES: Final = (96, 256, 512)
LARGEST: Final = {False: 2**28, True: 2**26}
"""Scores of a case of the grid, without and with Dice, for which the plain way needs several GB."""

LAYOUTS: Final = {"planes": 2**20, "pixels": 0}
"""``FEW``, so that all numbers of classes take that layout."""


class Case(NamedTuple):
    """A measured case."""

    classes: int
    images: int
    size: int
    dice: bool

    def __str__(self) -> str:
        grid = self.size // STRIDE
        losses = "ce+dice" if self.dice else "ce"
        return f"{losses}, K={self.classes}, {self.images} images, {grid} -> {self.size}"


def main(arguments: Sequence[str]) -> None:
    """Measure the sizes with goals, then the grid."""
    repeats, threads, grid = numbers_of(arguments, repeats=15, threads=1, grid=3)
    torch.set_num_threads(threads)
    with_goals, others = list(cases()), list(grid_cases())
    total = len(with_goals) + len(others)
    kept = kept_by(NAME, total, repeats=repeats, threads=threads, grid=grid)
    goals: list[Goal] = []
    details: dict[str, Any] = {"cases": {}, "grid": {}}
    for case in with_goals:
        result = kept.get(str(case), partial(_case, case, repeats), _ratio)
        details["cases"][str(case)] = result["times"]
        goals.append(Goal(f"{case}: ours / plain", result["ratio"], GOALS[case.classes]))
    for case in others:
        ways = kept.get(f"{case} (grid)", partial(_layouts, case, grid), _both)
        details["grid"][str(case)] = ways
        ours = ways["planes" if case.classes <= strip_pass.FEW else "pixels"]
        goals.append(Goal(f"{case}: ours / plain (grid)", ours, 1.0))
    title = (
        f"pixel losses, forward and backward, CPU time, {threads} threads; medians of {repeats} "
        f"alternating rounds, on the grid of {grid}"
    )
    publish(NAME, title, goals, details)
    kept.finish()


def _case(case: Case, repeats: int) -> dict[str, Any]:
    """A size with a goal: the times of all ways, and the ratio of ours to the plain one."""
    times = measured(case, repeats, {"ours": strip_pass.FEW})
    kept = {way: timing(rounds, None) for way, rounds in times.items()}
    return {"ratio": compared(times, "ours"), "times": kept}


def _layouts(case: Case, repeats: int) -> dict[str, float]:
    """A case of the grid: the ratio of each of our layouts to the plain way."""
    times = measured(case, repeats, LAYOUTS)
    return {way: compared(times, way) for way in LAYOUTS}


def _ratio(result: dict[str, Any]) -> str:
    return f"ours / plain {result['ratio']:.2f}"


def _both(ratios: dict[str, float]) -> str:
    return ", ".join(f"{way} / plain {ratio:.2f}" for way, ratio in ratios.items())


def cases() -> Iterator[Case]:
    """The sizes with goals."""
    for dice, classes, size, images in product((False, True), GOALS, SIZES, (8, 16)):
        case = Case(classes, images, size, dice)
        if fits(case):
            yield case


def grid_cases() -> Iterator[Case]:
    """The grid, without cases for which the plain way has not enough memory."""
    for dice, classes, images, size in product((False, True), CLASSES, IMAGES, SIDES):
        case = Case(classes, images, size, dice)
        if fits(case):
            yield case


def fits(case: Case) -> bool:
    """Whether the plain way can be measured on a machine of usual size."""
    return case.classes * case.images * case.size**2 <= LARGEST[case.dice]


def compared(times: dict[str, list[Timing]], way: str) -> float:
    """Ratio of the median of a way to that of the faster plain one."""
    medians = {name: spread(seconds(rounds, "cpu")).median for name, rounds in times.items()}
    return medians[way] / min(medians["plain"], medians["plain, channels last"])


def measured(case: Case, repeats: int, ours: dict[str, int]) -> dict[str, list[Timing]]:
    """Times of both plain ways and of ours, with these values of ``FEW``."""
    draw = torch.Generator().manual_seed(0)
    side = case.size // STRIDE
    planes = 3 * torch.randn(case.images, case.classes, side, side, generator=draw)
    last = planes.contiguous(memory_format=torch.channels_last)
    mask = labels_in_patches(case.images, case.size, case.size, case.classes, 20, draw)
    actions = {
        "plain": partial(step, partial(plain, mask, case.dice), planes.requires_grad_()),
        "plain, channels last": partial(
            step, partial(plain, mask, case.dice), last.requires_grad_()
        ),
        **{
            name: partial(step, partial(fused, mask, case.dice, few), last)
            for name, few in ours.items()
        },
    }
    return alternate(actions, repeats, warm_up=1)


def step(loss: Callable[[Tensor], Tensor], scores: Float[Tensor, "b k h w"]) -> None:
    """Forward and backward, from no gradient."""
    scores.grad = None
    loss(scores).backward()


def plain(
    mask: Int[Tensor, "b H W"], dice: bool, scores: Float[Tensor, "b k h w"]
) -> Float[Tensor, ""]:
    """The loss that a user would write."""
    size = (mask.shape[1], mask.shape[2])
    larger = F.interpolate(scores, size=size, mode="bilinear")
    loss = F.cross_entropy(larger, mask, ignore_index=IGNORE)
    if not dice:
        return loss
    return loss + DiceLoss("multiclass", ignore_index=IGNORE)(larger, mask)


def fused(
    mask: Int[Tensor, "b H W"], dice: bool, few: int, scores: Float[Tensor, "b k h w"]
) -> Float[Tensor, ""]:
    """Our loss, with a value of ``FEW``."""
    losses = [CrossEntropy("valid"), Dice()] if dice else [CrossEntropy("valid")]
    with patch.object(strip_pass, "FEW", few):
        return fused_loss(losses, scores, mask)
