"""Random images with labels that lie in patches, as those of real scenes do."""

import torch
import torch.nn.functional as F
from jaxtyping import Int
from torch import Tensor

from segadapt.structures import IGNORE, Batch

CELLS = 8
"""Patches along each side."""


def labelled_batch(
    images: int, height: int, width: int, num_classes: int, present: int = 20, seed: int = 0
) -> Batch:
    """Noise images and their labels.

    Args:
        images: How many.
        height: Rows.
        width: Columns.
        num_classes: Classes there could be.
        present: Classes that occur in the batch, at most.
        seed: Of the draw.
    """
    draw = torch.Generator().manual_seed(seed)
    image = torch.randn(images, 3, height, width, generator=draw)
    mask = labels_in_patches(images, height, width, num_classes, present, draw)
    return Batch(image, mask, [f"noise{i}" for i in range(images)])


def labels_in_patches(
    images: int, height: int, width: int, num_classes: int, present: int, draw: torch.Generator
) -> Int[Tensor, "b H W"]:
    """Labels in patches of equal size, one in thirty of them ignored."""
    there = torch.randperm(num_classes, generator=draw)[:present]
    choice = torch.randint(len(there), (images, CELLS, CELLS), generator=draw)
    ignored = torch.rand(images, CELLS, CELLS, generator=draw) < 1 / 30
    patches = there[choice].masked_fill(ignored, IGNORE)[:, None].float()
    return F.interpolate(patches, size=(height, width), mode="nearest")[:, 0].long()
