"""The first step of a compiled training, which includes the compilation."""

import time
from typing import Any, Final

import lightning as L
from lightning.pytorch.callbacks import Callback

NOTICE: Final = "compiling, about a minute"


class Compilation(Callback):
    """Times the first batch, in which the network is compiled and its gradients are checked."""

    def __init__(self) -> None:
        self.begun = 0.0
        self.seconds: float | None = None
        """Seconds for the first batch; None before its end."""
        self.first = False
        """Whether the last completed batch was the first one."""

    def on_train_batch_start(
        self, trainer: L.Trainer, pl_module: L.LightningModule, batch: Any, batch_idx: int
    ) -> None:
        self.begun = self.begun or time.perf_counter()

    def on_train_batch_end(
        self,
        trainer: L.Trainer,
        pl_module: L.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        self.first = self.seconds is None
        if self.seconds is None:
            self.seconds = time.perf_counter() - self.begun


def compilation(trainer: L.Trainer) -> Compilation | None:
    """The callback that times the compilation; None if nothing is compiled."""
    callbacks = trainer.callbacks  # type: ignore[attr-defined] # set by a connector
    return next((each for each in callbacks if isinstance(each, Compilation)), None)


def just_compiled(trainer: L.Trainer) -> float | None:
    """Seconds for the batch that ends now, if the network was compiled in it."""
    timer = compilation(trainer)
    return timer.seconds if timer is not None and timer.first else None


def sentence(seconds: float) -> str:
    """The duration of the compilation, in words."""
    return f"compiled, and checked in float32, in {seconds:.0f} s (first step)"
