"""Overhead of Lightning, logging and callbacks over a step of a bare loop.

Run it by ``segadapt benchmark overhead [repeats=10] [threads=1]``.

Both loops take turns step by step, in one process and on the same batch. The bare step is done
where Lightning asks for its next batch; what passes from there to its next request is its step,
with everything that any callback and logger does. The same command continues an interrupted run.
"""

import tempfile
import time
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, ClassVar, Final

import lightning as L
import torch
from benchmarks.harness.comparison import place
from benchmarks.harness.goals import Goal, numbers_of, publish
from benchmarks.harness.kept import kept_by
from benchmarks.harness.measure import built, composed, setting_of
from benchmarks.harness.options import CONFIGS, Options
from benchmarks.harness.presentation import timing
from benchmarks.harness.scenes import labelled_batch
from benchmarks.harness.steps import Subject
from torch.utils.data import DataLoader, IterableDataset

from segadapt.analysis.cost.timing import Timing, cpu_clock
from segadapt.data.dataset import LabelledDataset
from segadapt.data.transport import collate
from segadapt.experiment import build_task, train
from segadapt.structures import Batch

BLOCK: Final = 50
"""Steps that are added up, so that what is done once in a while counts in every sum."""
WARM_UP: Final = 2
"""Blocks that do not count: in them, the tracker starts its process."""
CLASSIFIERS: Final = ("fixed", "ssa")


def main(arguments: Sequence[str]) -> None:
    """Compare the loops for the cheapest step and for the one with most to log."""
    repeats, threads = numbers_of(arguments, repeats=10, threads=torch.get_num_threads())
    torch.set_num_threads(threads)
    goals: list[Goal] = []
    details: dict[str, Any] = {}
    kept = kept_by("overhead", len(CLASSIFIERS), repeats=repeats, threads=threads)
    for classifier in CLASSIFIERS:
        times = details[classifier] = kept.get(
            classifier, partial(compared, classifier, repeats), _shown
        )
        for kind in Timing._fields:
            share = times["lightning"][kind]["ratio"]["median"]
            goals.append(Goal(f"{classifier}: Lightning / bare loop, {kind} time", share, 1.05))
    title = (
        f"tiny model on batches of digits' shape, all loggers and callbacks on, {threads} threads; "
        f"medians of {repeats} blocks of {BLOCK} alternating steps"
    )
    publish("overhead", title, goals, details)
    kept.finish()


def compared(classifier: str, repeats: int) -> dict[str, Any]:
    """Times of blocks of both loops."""
    turns = trained(classifier, (WARM_UP + repeats) * BLOCK)
    bare, lightning = blocks(turns.bare), blocks(turns.lightning)
    return {"bare": timing(bare, None), "lightning": timing(lightning, bare)}


def _shown(times: dict[str, Any]) -> str:
    bare, lightning = (1000 * times[loop]["wall"]["median"] for loop in ("bare", "lightning"))
    return f"{BLOCK} bare steps {bare:.0f} ms, by Lightning {lightning:.0f} ms"


def trained(classifier: str, steps: int) -> "Turns":
    """Train by the project's own engine, the bare loop between its steps."""
    with tempfile.TemporaryDirectory() as folder:
        overrides = (
            f"paths.run={folder}/run",
            f"data.steps={steps}",
            f"data.eval_every={steps}",
            f"checkpoint_every={steps}",
            "trainer.accelerator=cpu",
            "trainer.limit_val_batches=1",
            "data.module._target_=benchmarks.overhead.TurnsData",
            f"+data.module.classifier={classifier}",
        )
        options = Options(data="digits", overrides=overrides)
        train(composed(options, CONFIGS, "tiny", classifier))
    assert TurnsData.turns is not None
    return TurnsData.turns


class Turns(IterableDataset[Batch]):
    """Always the same batch; before each, the bare loop has its turn.

    Args:
        subject: The bare loop.
        steps: How many batches.
    """

    def __init__(self, subject: Subject, steps: int) -> None:
        self.subject, self.steps = subject, steps
        self.bare: list[Timing] = []
        self.lightning: list[Timing] = []

    def __iter__(self) -> Iterator[Batch]:
        for _ in range(self.steps):
            self.bare.append(cpu_clock(self.subject.train_step))
            wall, cpu = time.perf_counter(), time.process_time()
            yield self.subject.batch
            passed = Timing(time.perf_counter() - wall, time.process_time() - cpu)
            self.lightning.append(passed)


class TurnsData(L.LightningDataModule):
    """Stands in for the data module of a config: turns to train on, its own images to validate.

    Args:
        train: As in the config; it names the classes.
        val: As in the config.
        steps: Optimiser steps of the run.
        classifier: Of the bare loop.
        allow_empty_classes: As in the config.
        allow: As in the config.
        others: What the config says besides.
    """

    turns: ClassVar[Turns | None] = None
    """Turns of the last training."""

    def __init__(
        self,
        train: LabelledDataset,
        val: LabelledDataset,
        steps: int,
        classifier: str,
        allow_empty_classes: bool = False,
        allow: Sequence[str] = (),
        **others: Any,
    ) -> None:
        super().__init__()
        self.allow_empty_classes, self.allow = allow_empty_classes, allow
        self.train, self.val, self.classes, self.steps = train, val, train.classes, steps
        options = Options(data="digits", classifier=(classifier,), device="cpu")
        parts, shape = built(options, CONFIGS, build_task, "tiny")
        subject = place(parts[classifier], labelled_batch(*shape), setting_of(options))
        subject.model.train()
        TurnsData.turns = Turns(subject, steps)

    def train_dataloader(self) -> DataLoader:
        return DataLoader(self._turns(), batch_size=None)

    def val_dataloader(self) -> DataLoader:
        return DataLoader(self.val, collate_fn=collate)

    def _turns(self) -> Turns:
        assert TurnsData.turns is not None
        return TurnsData.turns


def blocks(readings: Sequence[Timing]) -> list[Timing]:
    """Sums over blocks of steps, without those of the warm-up."""
    starts = range(WARM_UP * BLOCK, len(readings) - BLOCK + 1, BLOCK)
    return [
        Timing(*(sum(times) for times in zip(*readings[i : i + BLOCK], strict=True)))
        for i in starts
    ]
