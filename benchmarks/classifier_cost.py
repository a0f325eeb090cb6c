"""Classifier and losses alone, forward and backward, against the loop references.

Run it by ``segadapt benchmark classifier_cost [repeats=10] [threads=1]``.

Both do the same work, which is checked first: values and gradients agree. Each gets features in the
memory layout of the networks it is made for: channels-last here, one plane per channel in the
releases. How fast ours is on planes is in the file too.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final

import torch
from benchmarks.harness.goals import Goal, numbers_of, publish
from benchmarks.harness.measure import composed
from benchmarks.harness.memory import peak_bytes
from benchmarks.harness.options import CONFIGS, Options
from benchmarks.harness.presentation import milliseconds, timing
from benchmarks.harness.scenes import labels_in_patches
from benchmarks.reference import cac, ssa
from hydra.utils import instantiate
from jaxtyping import Float, Int
from torch import Tensor

from segadapt.analysis.cost.timing import Timing, alternate, ratio, seconds, spread
from segadapt.classifiers.base import Classifier
from segadapt.functional.resize import shrink
from segadapt.losses.objective import Objective

IMAGES, CHANNELS, CLASSES, PRESENT = 2, 256, 150, 20
GRID, SIZE = 64, 512
REFERENCES: Final = {"cac": (cac.total, 2.0), "ssa": (ssa.total, 2.5)}
"""The loop references, and how many times as fast ours should be."""

Total = Callable[[Tensor], Tensor]


def main(arguments: Sequence[str]) -> None:
    """Compare each classifier with its reference, in turns."""
    repeats, threads = numbers_of(arguments, repeats=10, threads=torch.get_num_threads())
    torch.set_num_threads(threads)
    goals: list[Goal] = []
    details: dict[str, Any] = {}
    for name, (reference, goal) in REFERENCES.items():
        readings, peaks = measured(name, reference, repeats)
        goals += judged(name, readings, goal)
        base = readings["reference"]
        details[name] = {
            way: {**timing(times, base), "peak_bytes": peaks[way]}
            for way, times in readings.items()
        }
        shown = {
            way: f"{milliseconds(spread(seconds(times, 'wall')))} ms, {peaks[way] >> 20} MiB"
            for way, times in readings.items()
        }
        print(name, *(f"{way}: {text}" for way, text in shown.items()), sep="\n  ")
    title = (
        f"classifier and losses, forward and backward: {IMAGES} images, {CHANNELS} channels, "
        f"{CLASSES} classes ({PRESENT} present), {GRID}x{GRID} cells, {SIZE}x{SIZE} labels, "
        f"{threads} threads; medians of {repeats} alternating rounds"
    )
    publish("classifier_cost", title, goals, details)


def measured(
    name: str, reference: Callable[..., Tensor], repeats: int
) -> tuple[dict[str, list[Timing]], dict[str, int]]:
    """Times and peak bytes of the reference and of ours, after a check that they agree."""
    cfg = composed(Options(), CONFIGS, "tiny", name)
    torch.manual_seed(0)
    # Evaluation mode drops nothing; the labels bring the teacher.
    classifier: Classifier = instantiate(cfg.classifier)(CHANNELS, CLASSES).eval()
    objective: Objective = instantiate(cfg.loss)
    features = torch.randn(IMAGES, CHANNELS, GRID, GRID).relu_()
    draw = torch.Generator().manual_seed(0)
    mask = labels_in_patches(IMAGES, SIZE, SIZE, CLASSES, PRESENT, draw)
    weights = dict(classifier.named_parameters())

    totals: dict[str, Total] = {
        "reference": lambda given: reference(weights, given, mask),
        "ours": partial(ours, classifier, objective, mask),
    }
    planes = features.requires_grad_()
    lasting = features.detach().to(memory_format=torch.channels_last).requires_grad_()
    check_agreement(totals, planes, weights)
    actions = {
        "reference": partial(step, totals["reference"], planes, weights),
        "ours": partial(step, totals["ours"], lasting, weights),
        "ours on planes": partial(step, totals["ours"], planes, weights),
    }
    held = [planes, mask, *weights.values()]
    peaks = {}
    for way, action in actions.items():
        action()
        planes.grad = lasting.grad = None
        classifier.zero_grad(set_to_none=True)
        peaks[way] = peak_bytes(action, held, torch.device("cpu"))
    return alternate(actions, repeats), peaks


def ours(
    classifier: Classifier,
    objective: Objective,
    mask: Int[Tensor, "b H W"],
    features: Float[Tensor, "b d h w"],
) -> Float[Tensor, ""]:
    """The objective, as a training step computes it from features."""
    prediction = classifier(features, shrink(mask, features.shape[-2:]))
    return objective(prediction, mask).total


def step(
    total: Total, features: Float[Tensor, "b d h w"], weights: Mapping[str, Tensor]
) -> Float[Tensor, ""]:
    """Forward and backward, from no gradients."""
    for tensor in (features, *weights.values()):
        tensor.grad = None
    loss = total(features)
    loss.backward()
    return loss.detach()


def check_agreement(
    totals: Mapping[str, Total], features: Float[Tensor, "b d h w"], weights: Mapping[str, Tensor]
) -> None:
    """Stop where the reference and ours would not do the same work.

    Raises:
        AssertionError: If value or gradients differ.
    """
    results = []
    for total in totals.values():
        loss = step(total, features, weights)
        results.append([loss, features.grad, *(weight.grad for weight in weights.values())])
    # The released boundary mask is double, and so is what follows from it.
    torch.testing.assert_close(results[1], results[0], rtol=1e-4, atol=1e-6, check_dtype=False)


def judged(name: str, readings: Mapping[str, Sequence[Timing]], goal: float) -> list[Goal]:
    """Speed relative to the reference, by wall and by CPU time."""
    return [
        Goal(
            f"{name}: reference / ours, {kind} time",
            ratio(seconds(readings["reference"], kind), seconds(readings["ours"], kind)).median,
            goal,
            at_least=True,
        )
        for kind in Timing._fields
    ]
