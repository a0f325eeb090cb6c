"""The one data module: batches that depend on nothing but the seed and the step."""

from collections.abc import Sequence

import lightning as L
import numpy as np
import torch
from jaxtyping import Float
from torch.utils.data import DataLoader

from segadapt.data.dataset import LabelledDataset
from segadapt.data.packing import PackedBatch
from segadapt.data.sampling import ShardSampler, StepBatchSampler
from segadapt.data.transport import Transport
from segadapt.structures import Batch


class SegmentationDataModule(L.LightningDataModule):
    """Training batches by the step, validation images one by one.

    The training loader is a single pass from the trainer's current optimiser step to the last, so
    a resumed run continues with exactly the batch it would have seen. The number of workers does
    not matter, nor how many ranks share a batch. The trainer must neither replace samplers
    (``use_distributed_sampler=False``) nor end an epoch early (``limit_train_batches``).

    Attributes:
        repeats: Draws of each training image in an epoch on average, at least 1; None for 1.
            Set before the training loader is made.

    Args:
        train: Data set to train on, indexed by (global sample index, item).
        val: Data set to evaluate on, indexed by item.
        num_classes: How many classes the network is built for.
        batch_size: Images per optimiser step, over all ranks and accumulated batches.
        num_workers: Loader processes of each rank; 0 loads in the main process.
        seed: Seed of the sample order.
        steps: Optimiser steps of the whole run.
        allow_empty_classes: Whether a split may have pixels of one class only.
        allow: Names of findings about the files that are accepted.
        packed: As of :class:`segadapt.data.transport.Transport`.

    Raises:
        ValueError: If the data sets disagree with each other or the network about the classes.
    """

    def __init__(
        self,
        train: LabelledDataset,
        val: LabelledDataset,
        num_classes: int,
        batch_size: int,
        num_workers: int,
        seed: int,
        steps: int,
        allow_empty_classes: bool = False,
        allow: Sequence[str] = (),
        packed: bool | None = None,
    ) -> None:
        super().__init__()
        if train.classes != val.classes:
            raise ValueError("the training and the validation set name different classes")
        check_count(num_classes, train)
        self.train, self.val = train, val
        self.batch_size, self.num_workers = batch_size, num_workers
        self.seed, self.steps = seed, steps
        self.allow_empty_classes, self.allow = allow_empty_classes, tuple(allow)
        self.repeats: Float[np.ndarray, " n"] | None = None
        self.transport = Transport([train, val], packed)

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names in order."""
        return self.train.classes

    def train_dataloader(self) -> DataLoader:
        """The rest of the run.

        Raises:
            ValueError: If the batch cannot be split evenly, or the trainer continues for longer.
        """
        trainer = self._trainer()
        if not 0 <= trainer.max_steps <= self.steps:
            raise ValueError(
                f"trainer.max_steps={trainer.max_steps}, but there are batches for "
                f"data.steps={self.steps}; set data.steps, which the trainer follows"
            )
        stream = StepBatchSampler(
            len(self.train),
            self.batch_size,
            self.seed,
            self.steps,
            trainer.global_step,
            trainer.global_rank,
            trainer.world_size,
            trainer.accumulate_grad_batches,
            self.repeats,
        )
        return self._loader(self.train, stream)

    def val_dataloader(self) -> DataLoader:
        """This rank's images, each once over all ranks, in order.

        A rank without any gets one batch of no image: Lightning would not validate there, and the
        others would wait for it.
        """
        trainer = self._trainer()
        shard = ShardSampler(len(self.val), trainer.global_rank, trainer.world_size)
        return self._loader(self.val, shard) if len(shard) else _nothing()

    def on_after_batch_transfer(self, batch: Batch | PackedBatch, dataloader_idx: int) -> Batch:
        """Normalise images and widen labels where they are used: fewer bytes are moved."""
        batch = self.transport.unpacked(batch)
        return batch._replace(mask=batch.mask.long())

    def _trainer(self) -> L.Trainer:
        assert self.trainer is not None, "loaders belong to a trainer: fit, validate or test first"
        return self.trainer

    def _loader(
        self, dataset: LabelledDataset, batches: StepBatchSampler | ShardSampler
    ) -> DataLoader:
        device = self._trainer().strategy.root_device
        return self.transport.loader(
            dataset,
            device,
            self.num_workers,
            batch_sampler=batches,
            prefetch_factor=4 if self.num_workers else None,
            persistent_workers=self.num_workers > 0,
            pin_memory=device.type == "cuda",
        )


def check_count(num_classes: int, dataset: LabelledDataset) -> None:
    """Compare the number of classes that a config states with a data set's.

    Raises:
        ValueError: If they differ.
    """
    if (number := len(dataset.classes)) != num_classes:
        raise ValueError(
            f"data.num_classes={num_classes}, but the data set has {number} classes; set "
            f"data.num_classes={number}, or remove it where it follows from the label table"
        )


def _nothing() -> DataLoader:
    empty = Batch(torch.zeros(0, 3, 1, 1), torch.zeros(0, 1, 1, dtype=torch.uint8), [])
    return DataLoader([empty], batch_size=None)  # type: ignore[arg-type] # a list is indexed, too
