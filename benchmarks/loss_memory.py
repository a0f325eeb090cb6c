"""Memory and time of pixel losses at full resolution, against interpolation and torch's losses.

Run it by ``segadapt benchmark loss_memory [repeats=3] [threads=1]``.

Scores of 150 classes on a grid of 128x128, labels of 512x512. Every measurement has a process of
its own, because a process's peak never falls; both ways get channels-last scores and make the same
gradients, which is checked. The same command continues an interrupted run.
"""

import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any, Final

import torch
from benchmarks.harness.goals import Goal, numbers_of, publish
from benchmarks.harness.kept import kept_by
from benchmarks.harness.processes import output_of
from benchmarks.harness.scenes import labels_in_patches
from benchmarks.reference.supervision import dice, mean_over_valid, upsampled
from jaxtyping import Float, Int
from torch import Tensor

from segadapt.analysis.cost.timing import cpu_clock
from segadapt.losses.cross_entropy import CrossEntropy
from segadapt.losses.dice import Dice
from segadapt.losses.parts.fused import fused_loss

ROOT = Path(__file__).resolve().parents[1]
CLASSES, PRESENT, GRID, SIZE = 150, 20, 128, 512
CASES: Final[Mapping[tuple[str, int], float]] = {
    ("ce", 4): 4.5,
    ("ce", 16): 12.0,
    ("ce+dice", 4): 4.0,
    ("ce+dice", 16): 4.0,
}
"""Losses and images, and how many times less memory ours should need."""

CHILD = "import sys; from benchmarks.loss_memory import measure; measure(*sys.argv[1:])"


def main(arguments: Sequence[str]) -> None:
    """Measure every case both ways, in turns."""
    repeats, threads = numbers_of(arguments, repeats=3, threads=torch.get_num_threads())
    goals: list[Goal] = []
    details: dict[str, Any] = {}
    kept = kept_by("loss_memory", len(CASES), repeats=repeats, threads=threads)
    for (losses, images), goal in CASES.items():
        name = f"{losses}, {images} images"
        measure_rounds = partial(_rounds, losses, images, threads, repeats)
        details[name] = kept.get(name, measure_rounds, _peaks)
        goals += judged(name, details[name], goal)
    title = (
        f"pixel losses and their gradient: {CLASSES} classes ({PRESENT} present), {GRID}x{GRID} "
        f"cells, {SIZE}x{SIZE} labels, {threads} threads; medians of {repeats} alternating rounds"
    )
    publish("loss_memory", title, goals, {"rounds": details})
    kept.finish()


def _rounds(losses: str, images: int, threads: int, repeats: int) -> list[dict[str, Any]]:
    return [both(losses, images, threads) for _ in range(repeats)]


def _peaks(rounds: Sequence[Mapping[str, Any]]) -> str:
    naive, ours = (median(figures[way]["peak_mib"] for figures in rounds) for way in WAYS)
    return f"{naive:.0f} MiB naive, {ours:.0f} MiB ours"


def judged(name: str, rounds: Sequence[Mapping[str, Any]], goal: float) -> list[Goal]:
    """The figures of one case beside their goals."""

    def times_less(figure: str) -> float:
        return median(figures["naive"][figure] / figures["ours"][figure] for figures in rounds)

    return [
        Goal(f"{name}: memory, naive / ours", times_less("peak_mib"), goal, at_least=True),
        Goal(f"{name}: wall time, naive / ours", times_less("wall"), 1.0, at_least=True),
        Goal(f"{name}: CPU time, naive / ours", times_less("cpu"), 1.0, at_least=True),
        Goal(
            f"{name}: largest difference of gradients / largest gradient",
            max(figures["difference"] for figures in rounds),
            1e-6,
            unit="",
        ),
    ]


def both(losses: str, images: int, threads: int) -> dict[str, Any]:
    """One round: each way in a fresh process."""
    figures: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        files = {way: Path(folder) / f"{way}.pt" for way in WAYS}
        for way, file in files.items():
            arguments = (way, losses, str(images), str(threads), str(file))
            command = [sys.executable, "-c", CHILD, *arguments]
            figures[way] = json.loads(output_of(command, cwd=ROOT))
        theirs, mine = (torch.load(files[way], mmap=True) for way in WAYS)
        pairs = zip(theirs, mine, strict=True)  # image by image, to stay small
        difference = max((left - right).abs().max().item() for left, right in pairs)
        figures["difference"] = difference / max(image.abs().max().item() for image in theirs)
    return figures


def measure(way: str, losses: str, images: str, threads: str, file: str) -> None:
    """Measure in a fresh process: print peak and times as JSON, and write the gradient."""
    torch.set_num_threads(int(threads))
    torch.manual_seed(0)
    scores = torch.randn(int(images), GRID, GRID, CLASSES).movedim(-1, 1).requires_grad_()
    draw = torch.Generator().manual_seed(0)
    mask = labels_in_patches(int(images), SIZE, SIZE, CLASSES, PRESENT, draw)
    step = partial(WAYS[way], scores, mask, losses == "ce+dice")

    before = resident("VmRSS")
    readings = [cpu_clock(step) for _ in range(3)]
    peak = resident("VmHWM") - before
    assert scores.grad is not None
    torch.save(scores.grad, file)
    wall, cpu = (min(times) for times in zip(*readings, strict=True))
    print(json.dumps({"peak_mib": peak, "wall": wall, "cpu": cpu}))


def naive(scores: Float[Tensor, "b k h w"], mask: Int[Tensor, "b H W"], with_dice: bool) -> None:
    """Interpolate the whole batch, then torch's losses."""
    scores.grad = None
    larger = upsampled(scores, mask, align_corners=True)
    loss = mean_over_valid(larger, mask)
    (loss + dice(larger, mask) if with_dice else loss).backward()


def ours(scores: Float[Tensor, "b k h w"], mask: Int[Tensor, "b H W"], with_dice: bool) -> None:
    """One pass, a strip at a time."""
    scores.grad = None
    losses = [CrossEntropy("valid"), Dice()] if with_dice else [CrossEntropy("valid")]
    fused_loss(losses, scores, mask, align_corners=True).backward()


WAYS: Final = {"naive": naive, "ours": ours}


def resident(line: str) -> float:
    """MiB of this process's memory now (VmRSS), or at its peak (VmHWM).

    From /proc: the peak that ``getrusage`` gives includes the parent's.
    """
    lines = Path("/proc/self/status").read_text().splitlines()
    (amount,) = (text.split()[1] for text in lines if text.startswith(f"{line}:"))
    return int(amount) / 1024


if __name__ == "__main__":
    main(sys.argv[1:])
