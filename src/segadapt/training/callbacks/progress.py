"""Progress of a training: steps, speed, time left, loss and the last mIoU."""

import math
import time
from typing import Any

import lightning as L
import torch
from lightning.pytorch.callbacks import Callback
from rich.console import Console
from torch import Tensor

from segadapt.evaluation.report.table import percent
from segadapt.training.callbacks.compilation import NOTICE, compilation, just_compiled, sentence
from segadapt.training.callbacks.display import Bar, Lines

REFRESH = 0.5
"""Seconds between two readings of the loss."""


class TrainingProgress(Callback):
    """Shows the progress of the training, on the first rank.

    It reads the loss at most twice per second, and never waits for a GPU.

    Args:
        every: Optimiser steps between progress lines when the output is not a terminal.
        console: Console; None for the terminal.
    """

    def __init__(self, every: int = 50, console: Console | None = None) -> None:
        console = console or Console()
        self.display = Bar(console) if console.is_terminal else Lines(console, every)
        self.glimpse = DelayedValue()
        self.miou = math.nan
        self.shown, self.since = 0, 0.0

    def on_train_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        if trainer.is_global_zero:
            self.shown, self.since = trainer.global_step, time.perf_counter()
            self.display.start(trainer.global_step, int(trainer.max_steps))
            if compilation(trainer) is not None:
                self.display.note(NOTICE)

    def on_train_batch_end(
        self,
        trainer: L.Trainer,
        pl_module: L.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        if not trainer.is_global_zero:
            return
        if (seconds := just_compiled(trainer)) is not None:
            self.display.note(sentence(seconds))
            self.shown, self.since = trainer.global_step, time.perf_counter()
        step, passed = trainer.global_step, time.perf_counter() - self.since
        if step > self.shown and (passed > REFRESH or step == trainer.max_steps):
            loss = self.glimpse.look(outputs["loss"])
            status = f"loss {loss:.4f}  mIoU {percent(self.miou)}"
            self.display.show(step, (step - self.shown) / passed, status)
            self.shown, self.since = step, time.perf_counter()

    def on_validation_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        self.since -= time.perf_counter()

    def on_validation_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        self.since += time.perf_counter()  # the speed excludes validation
        if not trainer.sanity_checking:
            self.miou = float(trainer.callback_metrics["val/miou"])

    def on_train_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        if trainer.is_global_zero:
            self.display.stop()

    def on_exception(
        self, trainer: L.Trainer, pl_module: L.LightningModule, exception: BaseException
    ) -> None:
        if trainer.is_global_zero:
            self.display.stop()


class DelayedValue:
    """Values on a device, read without waiting: each call returns the value of the previous one."""

    def __init__(self) -> None:
        self._host: Tensor | None = None

    def look(self, value: Tensor) -> float:
        """The value itself on the CPU; on a GPU that of the previous call, NaN at first."""
        if value.device.type == "cpu":
            return value.item()
        if self._host is None:
            self._host = torch.full((), math.nan, pin_memory=True)
        before = self._host.item()
        self._host.copy_(value.detach(), non_blocking=True)
        return before
