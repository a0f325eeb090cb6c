"""When checkpoints are written: between two optimiser steps, when all about a step is done."""

import math
from pathlib import Path
from typing import Any

import lightning as L
from lightning.pytorch.callbacks import Callback

from segadapt.checkpoint import BEST, LAST, keep_as
from segadapt.files import sweep


class Checkpoints(Callback):
    """Writes ``last.ckpt``, keeps its predecessor, and the one with the best validation.

    A step is done when its validation is. So the moment to save is just before the next step: what
    is logged for a step in a checkpoint is complete, and what is not in one is done again.

    Args:
        folder: Where they go.
        every: Optimiser steps between two; each validation is followed by one besides.
        monitor: What decides which one is best; the larger the better.
    """

    def __init__(self, folder: str | Path, every: int, monitor: str) -> None:
        if every < 1:
            raise ValueError(f"checkpoint_every={every}; it must be 1 step or more")
        self.folder, self.every, self.monitor = Path(folder), every, monitor
        self.best = -math.inf
        self.improved = False
        self.validated = 0
        self.saved = 0

    def state_dict(self) -> dict[str, Any]:
        return {"best": self.best}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.best = state_dict["best"]

    def on_train_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        self.saved = trainer.global_step
        if trainer.is_global_zero and self.folder.is_dir():
            sweep(self.folder)

    def on_validation_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Look whether this is the best network so far.

        Raises:
            ValueError: If what decides it has not been measured.
        """
        value = monitored(trainer.callback_metrics, self.monitor)
        self.validated = trainer.global_step
        if value > self.best:
            self.best, self.improved = value, True

    def on_train_batch_start(
        self, trainer: L.Trainer, pl_module: L.LightningModule, batch: Any, batch_idx: int
    ) -> None:
        due = trainer.global_step % self.every == 0 or self.validated == trainer.global_step
        if due:
            self.save(trainer)

    def on_train_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        self.save(trainer)

    def save(self, trainer: L.Trainer) -> None:
        """Write where the training stands, unless that is written already.

        Every rank calls it, at the same step.
        """
        if trainer.global_step == self.saved:
            return
        last = self.folder / LAST
        trainer.save_checkpoint(last)
        self.saved = trainer.global_step
        if self.improved:
            self.improved = False
            if trainer.is_global_zero:
                keep_as(last, self.folder / BEST)


def monitored(metrics: Any, name: str) -> float:
    """One of the measured values.

    Raises:
        ValueError: If it has not been measured.
    """
    if name not in metrics:
        there = sorted(key for key in metrics if key.startswith("val/") and key.count("/") == 1)
        raise ValueError(f"monitor={name} is not measured; there is {', '.join(there)}")
    return float(metrics[name])
