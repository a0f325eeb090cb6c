"""Seeding by step, so that dropout does not depend on earlier draws."""

from typing import Any

import lightning as L
import numpy as np
import torch
from lightning.pytorch.callbacks import Callback

DROPOUT = 1
"""Constant that separates these streams from those of the data."""


class Seeding(Callback):
    """Seeds torch before each micro-batch by (seed, optimiser step, micro-batch, rank).

    A checkpoint then needs no generator state, and a resumed run drops the same units.

    Args:
        seed: Seed of the run.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def on_train_batch_start(
        self, trainer: L.Trainer, pl_module: L.LightningModule, batch: Any, batch_idx: int
    ) -> None:
        part = batch_idx % trainer.accumulate_grad_batches
        count = (self.seed, trainer.global_step, part, trainer.global_rank)
        key = np.random.SeedSequence(count, spawn_key=(DROPOUT,))
        torch.manual_seed(int(key.generate_state(1, np.uint64)[0]))
