"""8-bit images that are moved to a device and normalised there.

The loader processes write, pin and move only a quarter of the bytes. The values that
the network sees are bit-identical, because both ways look up the 256 levels in the same table.
"""

from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float, Int, Integer, UInt8
from torch import Tensor

from segadapt.structures import Batch


class PackedSample(NamedTuple):
    """A :class:`segadapt.structures.Sample` whose image is not yet normalised."""

    image: UInt8[Tensor, "H W c"]
    size: Int[Tensor, "2"]
    """Rows and columns of the image. Pixels below and to the right have the mean colour, which
    is not one of the 256 levels."""
    mask: Integer[Tensor, "_ _"]
    name: str


class PackedBatch(NamedTuple):
    """Packed samples of equal size, collated."""

    image: UInt8[Tensor, "b H W c"]
    size: Int[Tensor, "b 2"]
    mask: Integer[Tensor, "b _ _"]
    name: list[str]


def pack(
    image: UInt8[np.ndarray, "_ _ _"], size: tuple[int, int] | None = None
) -> tuple[UInt8[Tensor, "_ _ _"], Int[Tensor, "2"]]:
    """The first two fields of a packed sample.

    Args:
        image: Rows x columns x channels.
        size: Height and width of the result, padded right and below; None: those of the image.
    """
    height, width, channels = image.shape
    filled = np.zeros((*(size or (height, width)), channels), dtype=np.uint8)
    filled[:height, :width] = image
    return torch.from_numpy(filled), torch.tensor([height, width])


def unpacked(batch: PackedBatch, levels: Float[Tensor, "c 256"]) -> Batch:
    """The batch that the network sees, without waiting for the device.

    Args:
        batch: On any device.
        levels: Normalised values of the 256 levels of each channel, on the same device.
    """
    image = looked_up(batch.image.permute(0, 3, 1, 2), levels)
    outside = _outside(batch.size, image.shape[2], image.shape[3])
    return Batch(image.masked_fill_(outside[:, None], 0), batch.mask, batch.name)


def looked_up(
    image: UInt8[Tensor, "b c H W"], levels: Float[Tensor, "c 256"]
) -> Float[Tensor, "b c H W"]:
    """Look up the normalised values of 8-bit pixels.

    Args:
        image: Images on any device.
        levels: Normalised values of the 256 levels of each channel, on the same device.
    """
    tables = torch.arange(0, levels.numel(), 256, dtype=torch.int32, device=levels.device)
    places = image + tables[:, None, None]
    return levels.flatten().index_select(0, places.flatten()).view(places.shape)


def _outside(size: Int[Tensor, "b 2"], height: int, width: int) -> Bool[Tensor, "b H W"]:
    """Pixels below or to the right of images of these sizes."""
    rows = torch.arange(height, device=size.device) >= size[:, :1]
    columns = torch.arange(width, device=size.device) >= size[:, 1:]
    return rows[:, :, None] | columns[:, None]
