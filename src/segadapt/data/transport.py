"""Transport of samples from the loader's processes to a device, and their normalisation."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Float32
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, default_collate

from segadapt.data.dataset import LabelledDataset
from segadapt.data.packing import PackedBatch, PackedSample, unpacked
from segadapt.data.sampling import Key
from segadapt.data.workers import start_method, start_worker
from segadapt.structures import Batch, Sample


class Transport:
    """Loaders of a training or an evaluation, whose images travel with 8 bits where that pays.

    Args:
        datasets: What is loaded. Images travel with 8 bits only if all are normalised by one table.
        packed: Whether images of 8 bits are normalised on the device, with the same result; None:
            unless that is the CPU, where the loader's processes have the time.
    """

    def __init__(self, datasets: Sequence[LabelledDataset], packed: bool | None = None) -> None:
        first, *others = [dataset.levels for dataset in datasets]
        shared = first is not None and all(_equal(first, other) for other in others)
        self.levels = first if shared else None
        self.packed = packed
        self._moved: dict[torch.device, Tensor] = {}

    def packs(self, device: torch.device) -> bool:
        """Whether images travel to this device with 8 bits."""
        wanted = device.type != "cpu" if self.packed is None else self.packed
        return wanted and self.levels is not None

    def loader(
        self, dataset: LabelledDataset, device: torch.device, num_workers: int, **options: Any
    ) -> DataLoader:
        """A loader of batches for a device.

        Args:
            dataset: One of the data sets.
            device: Where its batches will be used.
            num_workers: Loader processes.
            **options: Of torch's loader.
        """
        packs = self.packs(device)
        return DataLoader(
            _Packed(dataset) if packs else dataset,
            collate_fn=_collate_packed if packs else collate,
            num_workers=num_workers,
            worker_init_fn=start_worker,
            multiprocessing_context=start_method(num_workers),
            **options,
        )

    def unpacked(self, batch: Batch | PackedBatch) -> Batch:
        """A batch as the network sees it, on the device that it is on."""
        if isinstance(batch, Batch):
            return batch
        return unpacked(batch, self._levels_on(batch.image.device))

    def moved(self, loader: DataLoader, device: torch.device) -> Iterator[Batch]:
        """Batches of a loader as the network sees them, on the device."""
        for batch in loader:
            yield self._on(batch, device)

    def one(self, dataset: LabelledDataset, key: Key, device: torch.device) -> Batch:
        """A single sample as the network sees it, on the device.

        Args:
            dataset: One of the data sets.
            key: Of the sample.
            device: Where it will be used.
        """
        if self.packs(device):
            return self._on(_collate_packed([dataset.packed(key)]), device)
        return self._on(collate([dataset[key]]), device)

    def _on(self, batch: Batch | PackedBatch, device: torch.device) -> Batch:
        fields: dict[str, Any] = {
            name: value.to(device)
            for name, value in batch._asdict().items()
            if isinstance(value, Tensor)
        }
        return self.unpacked(batch._replace(**fields))

    def _levels_on(self, device: torch.device) -> Float[Tensor, "c 256"]:
        """The table, moved to the device once."""
        if device not in self._moved:
            self._moved[device] = torch.as_tensor(self.levels, device=device)
        return self._moved[device]


def collate(samples: list[Sample]) -> Batch:
    """Samples of equal size as one batch."""
    return Batch(*default_collate(samples))


def _collate_packed(samples: list[PackedSample]) -> PackedBatch:
    return PackedBatch(*default_collate(samples))


class _Packed(Dataset[PackedSample]):
    """A data set whose images travel with 8 bits."""

    def __init__(self, dataset: LabelledDataset) -> None:
        self.dataset = dataset

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, key: Key) -> PackedSample:
        return self.dataset.packed(key)


def _equal(
    levels: Float32[np.ndarray, "c 256"], others: Float32[np.ndarray, "c 256"] | None
) -> bool:
    return others is not None and np.array_equal(levels, others)
