"""What the first step of a compiled training took, apart from the others."""

import io
import re
import time

import lightning as L
import pytest
from rich.console import Console
from toy import fit

from segadapt.training.callbacks import progress
from segadapt.training.callbacks.compilation import Compilation, compilation
from segadapt.training.callbacks.progress import TrainingProgress
from segadapt.training.callbacks.summary import Summary
from segadapt.training.callbacks.throughput import Throughput

COMPILING = 0.4
"""Seconds that the first step takes longer here."""


class Slow(L.Callback):
    """Stands for the compiler, in the first batch; keeps the times that are logged."""

    def __init__(self):
        self.logged = []

    def on_train_batch_start(self, trainer, pl_module, batch, batch_idx):
        if trainer.global_step == 0:
            time.sleep(COMPILING)

    def on_train_batch_end(self, trainer, *args):
        if "time/step" in trainer.callback_metrics:
            self.logged.append(float(trainer.callback_metrics["time/step"]))


def test_the_first_step_is_told_before_and_after_and_slows_no_other(tmp_path, monkeypatch):
    monkeypatch.setattr(progress, "REFRESH", 0.0)
    out, slow = io.StringIO(), Slow()
    console = Console(file=out, width=200)
    shown = TrainingProgress(every=2, console=console)
    summary = Summary(tmp_path, console)
    trainer, _ = fit([Compilation(), slow, Throughput(), shown, summary], tmp_path, steps=6)
    lines = [line.rstrip() for line in out.getvalue().splitlines()]
    assert lines[:2] == ["compiling, about a minute", "compiled and checked in 0 s (first step)"]
    assert lines.count("compiled and checked in 0 s (first step)") == 2  # progress and summary
    rates = [float(x) for x in re.findall(r"([\d.]+) steps/s", out.getvalue())]
    assert len(rates) == 3
    assert min(rates) > 1 / COMPILING
    assert max(slow.logged) < COMPILING
    assert compilation(trainer).seconds == pytest.approx(COMPILING, abs=0.3)


def test_a_terminal_shows_it_in_place_of_the_loss(tmp_path):
    out = io.StringIO()
    bar = TrainingProgress(console=Console(file=out, force_terminal=True, width=120))
    fit([Compilation(), bar], tmp_path, steps=2)
    assert "compiling, about a minute" in out.getvalue()


def test_nothing_is_told_where_nothing_is_compiled(tmp_path):
    out = io.StringIO()
    shown = TrainingProgress(every=1, console=Console(file=out))
    trainer, _ = fit([shown], tmp_path, steps=2)
    assert compilation(trainer) is None
    assert "compil" not in out.getvalue()
