"""Stopping on request: all ranks finish the same step, save, and end."""

import signal
from collections.abc import Callable
from types import FrameType
from typing import Any, Final

import lightning as L
import torch
import torch.distributed as dist
from lightning.pytorch.callbacks import Callback

from segadapt.runs.errors import Interrupted
from segadapt.runs.signals import STOPPING, Handler, leave_terminal, listen, restore

INTERVAL: Final = 5
"""Validation batches between two votes of several ranks, whose images may differ in size."""


class Preemption(Callback):
    """Turns a signal into a checkpoint and :class:`Interrupted`.

    Between two steps a checkpoint is written first. A validation may last longer than the notice
    of a scheduler, so it is broken off, and the resumed run repeats it and the steps since the
    last checkpoint.

    The handler only records the signal. Several ranks exchange their records once per step in a
    separate gloo group, one step behind, so that no rank waits for the exchange or for a GPU.
    Ctrl-C after a signal stops the run at once, at its last checkpoint; further signals of a
    scheduler are ignored.

    Args:
        save: Writes a checkpoint.
    """

    def __init__(self, save: Callable[[L.Trainer], None]) -> None:
        self.save = save
        self.received = 0
        self._before: dict[int, Handler | int | None] = {}
        self._ballot: SignalVote | None = None
        self._training = False
        self._votes = 0
        """Validation batches at which every rank can vote."""

    def on_fit_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        if trainer.world_size > 1:
            self._ballot = SignalVote()
            # Lightning informs ranks of a signal by a broadcast for which every step waits on the
            # device; this callback replaces it. (build_trainer removes its handlers.)
            trainer.fit_loop.epoch_loop._broadcast_sigterm_tensor = _nothing  # type: ignore[method-assign]

    def on_train_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        self._before = listen(STOPPING, self._note)
        self._training = True

    def on_train_batch_start(
        self, trainer: L.Trainer, pl_module: L.LightningModule, batch: Any, batch_idx: int
    ) -> None:
        """Stop, if requested.

        Raises:
            Interrupted: After everything is saved.
        """
        if batch_idx % trainer.accumulate_grad_batches:
            return
        if number := self._requested():
            self.save(trainer)
            raise Interrupted(number, trainer.global_step)

    def on_validation_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        if self._ballot is not None:  # some ranks may have one batch less
            self._votes = self._ballot.least(int(sum(trainer.num_val_batches)))

    def on_validation_batch_start(
        self,
        trainer: L.Trainer,
        pl_module: L.LightningModule,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Stop at the last checkpoint, if requested.

        Raises:
            Interrupted: In the middle of a validation within the training.
        """
        if not self._training:
            return
        if self._ballot is not None and (batch_idx % INTERVAL or batch_idx >= self._votes):
            return
        if number := self._requested():
            raise Interrupted(number, None)

    def _requested(self) -> int:
        """The signal on which all ranks agree; 0 without one."""
        if self._ballot is None:
            return self.received
        if number := self._ballot.cast(self.received):
            self._ballot.end()
        return number

    def on_train_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        self._restore()

    def on_exception(
        self, trainer: L.Trainer, pl_module: L.LightningModule, exception: BaseException
    ) -> None:
        self._restore()

    def _note(self, number: int, frame: FrameType | None) -> None:
        if number == signal.SIGHUP:
            leave_terminal()
        if self.received and number == signal.SIGINT:
            raise Interrupted(self.received, None)
        self.received = self.received or number

    def _restore(self) -> None:
        restore(self._before)
        self._before = {}
        self._training = False
        if self._ballot is not None:
            self._ballot.close()
            self._ballot = None


class SignalVote:
    """The largest value of all ranks, delivered one call later."""

    def __init__(self) -> None:
        self.group: Any = dist.new_group(backend="gloo")
        self.value = torch.zeros((), dtype=torch.int64)
        self.pending: dist.Work | None = None

    def cast(self, own: int) -> int:
        """Send a value, and return the largest one of the previous call, equal on all ranks."""
        joined = self._wait()
        self.value = torch.tensor(own)
        self.pending = dist.all_reduce(
            self.value, dist.ReduceOp.MAX, group=self.group, async_op=True
        )
        return joined

    def least(self, own: int) -> int:
        """The smallest value of all ranks; they wait for each other."""
        value = torch.tensor(own)
        dist.all_reduce(value, dist.ReduceOp.MIN, group=self.group)
        return int(value)

    def end(self) -> None:
        """Wait for the pending exchange: all ranks have stopped at the same vote."""
        self._wait()
        self.pending = None

    def close(self) -> None:
        """Drop the pending exchange."""
        self.pending = None

    def _wait(self) -> int:
        if self.pending is not None:
            self.pending.wait()
        return int(self.value)


def _nothing() -> None:
    pass
