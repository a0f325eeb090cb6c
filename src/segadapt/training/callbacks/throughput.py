"""Speed and memory of a training."""

import resource
import time
from typing import Any

import lightning as L
import torch
from lightning.pytorch.callbacks import Callback

from segadapt.training.callbacks.compilation import just_compiled

MEBI = 2**20


class Throughput(Callback):
    """Logs speed and memory whenever the trainer logs, as means since the previous time.

    ``time/step`` is in seconds per optimiser step, without validation. ``time/wait`` is the part of
    it between two batches, for the loader and other callbacks. ``images_per_second`` counts the
    images of all ranks. A first step with compilation is excluded from all three. ``memory_mib`` is
    the peak so far, of the GPU's tensors or else of the process.
    """

    since = idle_since = paused_at = wait = 0.0
    step = images = 0

    def on_train_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        self._restart(trainer)

    def on_train_batch_start(
        self, trainer: L.Trainer, pl_module: L.LightningModule, batch: Any, batch_idx: int
    ) -> None:
        self.wait += time.perf_counter() - self.idle_since

    def on_train_batch_end(
        self,
        trainer: L.Trainer,
        pl_module: L.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        if just_compiled(trainer) is not None:
            self._restart(trainer)  # its time differs from that of the others
            return
        self.images += len(batch.image) * trainer.world_size
        steps = trainer.global_step - self.step
        every = trainer.log_every_n_steps  # type: ignore[attr-defined] # set by a connector
        if steps and trainer.global_step % every == 0:
            passed = time.perf_counter() - self.since
            values = {
                "time/step": passed / steps,
                "time/wait": self.wait / steps,
                "images_per_second": self.images / passed,
                "memory_mib": peak_memory(pl_module.device) / MEBI,
            }
            pl_module.log_dict(values, batch_size=1)
            self._restart(trainer)
        self.idle_since = time.perf_counter()

    def on_validation_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        self.paused_at = time.perf_counter()

    def on_validation_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        if not trainer.sanity_checking:
            paused = time.perf_counter() - self.paused_at
            self.since += paused
            self.idle_since += paused

    def _restart(self, trainer: L.Trainer) -> None:
        self.step, self.images, self.wait = trainer.global_step, 0, 0.0
        self.since = self.idle_since = time.perf_counter()


def peak_memory(device: torch.device) -> int:
    """Peak memory so far, in bytes: of the GPU's tensors, or of the process on a CPU."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024  # Linux counts KiB
