"""The callback that writes checkpoints, between two optimiser steps."""

import logging
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lightning as L
from lightning.pytorch.callbacks import Callback

from segadapt.files import sweep
from segadapt.runs.checkpoint import BEST, LAST, keep_as, tidy
from segadapt.text.choices import unknown
from segadapt.training.checkpoint_io import AtomicCheckpointIO

log = logging.getLogger(__name__)


class Checkpoints(Callback):
    """Writes ``last.ckpt``, and keeps its predecessor and the one with the best validation.

    A step is complete only after its validation. Checkpoints are therefore written just before the
    next step: everything logged for a step in a checkpoint is complete, and all later steps are
    repeated.

    Args:
        folder: Folder of the checkpoints.
        every: Optimiser steps between two checkpoints; one is also written after each validation.
        monitor: Metric that decides which checkpoint is best; larger is better.
        files: Writes and reads the files.
        sync: Flushes all logged values to the disk. A checkpoint marks its steps as complete, so
            none of their values may be lost in a power cut.
    """

    def __init__(
        self,
        folder: str | Path,
        every: int,
        monitor: str,
        files: AtomicCheckpointIO,
        sync: Callable[[], None],
    ) -> None:
        if every < 1:
            raise ValueError(f"checkpoint_every={every}; it must be 1 step or more")
        self.folder, self.every, self.monitor = Path(folder), every, monitor
        self.files, self.sync = files, sync
        self.best = -math.inf
        self.best_step: int | None = None
        """The step at which ``best`` was measured; None in checkpoints of older versions."""
        self.improved = False
        self.validated = 0
        self.saved = 0

    def state_dict(self) -> dict[str, Any]:
        return {"best": self.best, "best_step": self.best_step}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.best, self.best_step = state_dict["best"], state_dict.get("best_step")

    def on_train_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        self.saved = trainer.global_step
        if trainer.is_global_zero and self.folder.is_dir():
            sweep(self.folder)
            tidy(self.folder)
            self._make_up(trainer.global_step)

    def on_validation_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Check whether this is the best network so far.

        Raises:
            ValueError: If the monitored metric was not measured.
        """
        value = monitored(trainer.callback_metrics, self.monitor)
        self.validated = trainer.global_step
        if value > self.best:
            self.best, self.best_step, self.improved = value, trainer.global_step, True

    def on_train_batch_start(
        self, trainer: L.Trainer, pl_module: L.LightningModule, batch: Any, batch_idx: int
    ) -> None:
        due = trainer.global_step % self.every == 0 or self.validated == trainer.global_step
        if due:
            self.save(trainer)

    def on_train_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        self.save(trainer)

    def save(self, trainer: L.Trainer) -> None:
        """Write a checkpoint, unless this step has been written already.

        Every rank calls this at the same step.
        """
        if trainer.global_step == self.saved:
            return
        last = self.folder / LAST
        if trainer.is_global_zero:
            self.sync()
        trainer.save_checkpoint(last)
        self.saved = trainer.global_step
        if self.improved:
            self.improved = False
            if trainer.is_global_zero:
                keep_as(last, self.folder / BEST)

    def _make_up(self, step: int) -> None:
        """Restore the file of the best network, if it is missing.

        The previous process may have been killed before creating it.
        """
        best = self.folder / BEST
        if self.files.loaded is not None and self.best_step == step:
            keep_as(self.files.loaded, best)
        elif math.isfinite(self.best) and not best.is_file():
            log.warning(
                "%s is missing, and cannot be restored: the best result so far (%s %.4f) was "
                "measured earlier; it is written again when a later validation is better",
                best,
                self.monitor,
                self.best,
            )


def monitored(metrics: Any, name: str) -> float:
    """The value of a metric.

    Raises:
        ValueError: If it was not measured.
    """
    if name not in metrics:
        available = sorted(key for key in metrics if key.startswith("val/") and key.count("/") == 1)
        raise ValueError(unknown("monitor", name, available))
    return float(metrics[name])
