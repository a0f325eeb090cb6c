"""Work of the first rank for all, for which the others wait as long as it takes.

In a collective call they would give up after ``trainer.strategy.timeout``, within which not every
data set can be checked and counted; and a check that is cut short has stored nothing.
"""

import itertools
import time
from collections.abc import Callable
from typing import Final

import lightning as L
import torch.distributed as dist
from torch.distributed.distributed_c10d import _get_default_store

INTERVAL: Final = 0.1
"""Seconds between two looks at whether the first rank is done."""

_COUNT: Final = itertools.count()
"""Numbers of the waits; the same on all ranks, which do the same in the same order."""


def meet(trainer: L.Trainer) -> None:
    """Connect the ranks, if there are several, before any of them does what takes long."""
    if trainer.world_size > 1:
        trainer.strategy.setup_environment()


def on_first_rank(work: Callable[[], object]) -> None:
    """Work on the first rank, while the others wait without a limit of time.

    If the first rank ends, so does the store to which the others listen, and they fail.

    Args:
        work: Called on the first of several connected ranks, or in a single process.
    """
    if not dist.is_initialized():
        work()
        return
    store, key = _get_default_store(), f"segadapt/first_rank/{next(_COUNT)}"
    if dist.get_rank() == 0:
        work()
        store.set(key, "done")
    while not store.check([key]):  # rather than wait, which holds the store and delays signals
        time.sleep(INTERVAL)
