"""Random coloured blocks for tests: nothing is read, nothing is decoded."""

import torch

from segadapt.data.dataset import LabelledDataset
from segadapt.data.sampling import Key, position_and_item
from segadapt.structures import NARROW, Sample


class Synthetic(LabelledDataset):
    """Blocks of one class each under noise; sample i is a function of i alone.

    Args:
        num_classes: Number of classes.
        size: Side of the square images, pixels.
        length: Number of images.
    """

    def __init__(self, num_classes: int, size: int, length: int) -> None:
        self.num_classes, self.size, self.length = num_classes, size, length
        self.dtype = torch.uint8 if num_classes <= NARROW else torch.uint16
        self.classes = tuple(f"class_{k}" for k in range(num_classes))

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, key: Key) -> Sample:
        _, item = position_and_item(key)
        g = torch.Generator().manual_seed(item)
        mask = torch.randint(
            self.num_classes, (self.size // 8, self.size // 8), generator=g, dtype=self.dtype
        )
        mask = mask.repeat_interleave(8, 0).repeat_interleave(8, 1)
        return Sample(torch.randn(3, self.size, self.size, generator=g), mask, str(item))
