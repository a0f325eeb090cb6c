"""What the first step of a compiled training took, apart from the others."""

import io
import re

import lightning as L
from rich.console import Console
from toy import fit

from segadapt.training import callbacks
from segadapt.training.callbacks.compilation import Compilation, compilation
from segadapt.training.callbacks.progress import TrainingProgress
from segadapt.training.callbacks.summary import Summary
from segadapt.training.callbacks.throughput import Throughput

COMPILING = 48
"""Seconds that the first step takes here; the others take 2."""


class Clock(L.Callback):
    """Stands for the time, and keeps what is logged of it."""

    def __init__(self):
        self.now, self.logged = 1000.0, []

    def perf_counter(self):
        return self.now

    def on_train_batch_start(self, trainer, pl_module, batch, batch_idx):
        self.now += COMPILING if trainer.global_step == 0 else 2

    def on_train_batch_end(self, trainer, *args):
        if "time/step" in trainer.callback_metrics:
            self.logged.append(float(trainer.callback_metrics["time/step"]))


def test_the_first_step_is_told_before_and_after_and_slows_no_other(tmp_path, monkeypatch):
    out, clock, first = io.StringIO(), Clock(), Compilation()
    for module in (callbacks.progress, callbacks.throughput, callbacks.compilation):
        monkeypatch.setattr(module, "time", clock)
    console = Console(file=out, width=200)
    shown, summary = TrainingProgress(every=2, console=console), Summary(tmp_path, console)
    fit([first, clock, Throughput(), shown, summary], tmp_path, steps=6)
    lines = [line.rstrip() for line in out.getvalue().splitlines()]
    checked = "compiled, and checked in float32, in 48 s (first step)"  # not in bfloat16
    assert lines[:2] == ["compiling, about a minute", checked]
    assert lines.count(checked) == 2  # progress and summary
    assert re.findall(r"([\d.]+) steps/s", out.getvalue()) == ["0.50"] * 3
    assert set(clock.logged) == {2.0}
    assert first.seconds == COMPILING


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
