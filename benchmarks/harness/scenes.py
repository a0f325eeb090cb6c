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
        images: Number of images.
        height: Rows.
        width: Columns.
        num_classes: Number of classes.
        present: Largest number of classes that occur in the batch.
        seed: Seed of the draw.
    """
    draw = torch.Generator().manual_seed(seed)
    image = torch.randn(images, 3, height, width, generator=draw)
    mask = labels_in_patches(images, height, width, num_classes, present, draw)
    return Batch(image, mask, [f"noise{i}" for i in range(images)])


def labels_in_patches(
    images: int, height: int, width: int, num_classes: int, present: int, draw: torch.Generator
) -> Int[Tensor, "b H W"]:
    """Labels in patches of equal size, of which one in thirty is ignored."""
    classes = torch.randperm(num_classes, generator=draw)[:present]
    choice = torch.randint(len(classes), (images, CELLS, CELLS), generator=draw)
    ignored = torch.rand(images, CELLS, CELLS, generator=draw) < 1 / 30
    patches = classes[choice].masked_fill(ignored, IGNORE)[:, None].float()
    return F.interpolate(patches, size=(height, width), mode="nearest")[:, 0].long()
