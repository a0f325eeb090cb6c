"""One data module for every dataset (skeleton: replaced by the data owner)."""

import lightning as L
from torch.utils.data import DataLoader, Dataset

from segadapt.structures import Sample


class SegmentationDataModule(L.LightningDataModule):
    """Train and validation loaders for any pair of datasets."""

    def __init__(
        self, train: Dataset[Sample], val: Dataset[Sample], batch_size: int, num_workers: int
    ) -> None:
        super().__init__()
        self.train, self.val = train, val
        self.batch_size, self.num_workers = batch_size, num_workers

    def train_dataloader(self) -> DataLoader:
        return DataLoader(self.train, self.batch_size, shuffle=True, drop_last=True)

    def val_dataloader(self) -> DataLoader:
        return DataLoader(self.val, 1, num_workers=self.num_workers)
