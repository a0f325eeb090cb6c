"""Multi-scale deformable attention in plain PyTorch (Zhu et al., Deformable DETR, ICLR 2021).

Eq. 3 there: every query reads a feature pyramid at a few places that it chooses. Axes of this file:
s heads, e channels of one head, c channels, v cells of all levels, q queries, l levels, p places of
one query on one level.
"""

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

Size = tuple[int, int]


def cell_centres(size: Size, like: Tensor) -> Float[Tensor, "n 2"]:
    """Centres of the cells of a grid: column, then row, as fractions of the image's sides.

    Args:
        size: Rows and columns.
        like: Gives the device, and the precision if that is more than single.
    """
    precise = torch.promote_types(like.dtype, torch.float32)
    rows, columns = ((torch.arange(n, device=like.device).to(precise) + 0.5) / n for n in size)
    return torch.stack(torch.meshgrid(columns, rows, indexing="xy"), -1).flatten(0, 1)


def read(
    values: Float[Tensor, "b s e v"],
    sizes: Sequence[Size],
    places: Float[Tensor, "b s q l p 2"],
    weights: Float[Tensor, "b s q l p"],
) -> Float[Tensor, "b s e q"]:
    """Weighted sum of the values at some places of every level, interpolated bilinearly.

    Cells beyond a level's border count as zero. The maps are read in the precision of the places,
    because half a mantissa cannot tell neighbouring cells of a large map apart.

    Args:
        values: The cells of all levels, one level after the other, row by row.
        sizes: Rows and columns of each level.
        places: Column and row as a fraction of the image, per query, level and place.
        weights: Weight of each place.
    """
    levels = values.split([math.prod(size) for size in sizes], -1)
    mixed = []
    for index, (level, size) in enumerate(zip(levels, sizes, strict=True)):
        image = level.unflatten(-1, size).flatten(0, 1).to(places.dtype)
        grid = 2 * places[:, :, :, index].flatten(0, 1) - 1
        found = F.grid_sample(image, grid, align_corners=False)
        weight = weights[:, :, :, index].flatten(0, 1)[:, None]
        mixed.append((found * weight).sum(-1))
    return torch.stack(mixed).sum(0).unflatten(0, values.shape[:2]).to(values.dtype)


class DeformableAttention(nn.Module):
    """Attention of queries to the few cells of a pyramid that each chooses from its own content.

    Args:
        channels: Width of queries, cells and result.
        heads: Number of heads.
        levels: Levels of the pyramid.
        points: Places per query, head and level.
        ratio: Width of the values over ``channels``.

    Raises:
        ValueError: If the heads do not divide the width of the values.
    """

    def __init__(
        self, channels: int, heads: int, levels: int, points: int = 4, ratio: float = 1.0
    ) -> None:
        super().__init__()
        inner = int(channels * ratio)
        if inner % heads:
            raise ValueError(
                f"{heads} heads cannot share values of {channels} x {ratio} channels evenly; "
                "choose a number of heads that divides them"
            )
        self.shape = (heads, levels, points)
        self.offsets = nn.Linear(channels, 2 * math.prod(self.shape))
        self.weights = nn.Linear(channels, math.prod(self.shape))
        self.value = nn.Linear(channels, inner)
        self.project = nn.Linear(inner, channels)
        self.initialise()

    def initialise(self) -> None:
        """Start every query at rings of places around itself, all of equal weight.

        The heads look in evenly spread directions, the k-th place k cells away.
        """
        nn.init.zeros_(self.offsets.weight)
        self.offsets.bias = nn.Parameter(_rings(*self.shape).flatten().to(self.offsets.bias))
        nn.init.zeros_(self.weights.weight)
        nn.init.zeros_(self.weights.bias)
        for layer in (self.value, self.project):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(
        self,
        queries: Float[Tensor, "b q c"],
        centres: Float[Tensor, "q 2"],
        cells: Float[Tensor, "b v c"],
        sizes: Sequence[Size],
    ) -> Float[Tensor, "b q c"]:
        values = self.value(cells).unflatten(-1, (self.shape[0], -1)).permute(0, 2, 3, 1)
        weights = self.weights(queries).unflatten(-1, (self.shape[0], -1)).softmax(-1)
        weights = weights.unflatten(-1, self.shape[1:]).transpose(1, 2)
        mixed = read(values, sizes, self._places(queries, centres, sizes), weights)
        return self.project(mixed.flatten(1, 2).transpose(1, 2))

    def _places(
        self,
        queries: Float[Tensor, "b q c"],
        centres: Float[Tensor, "q 2"],
        sizes: Sequence[Size],
    ) -> Float[Tensor, "b s q l p 2"]:
        """The offsets count cells of their level."""
        column, row = self.offsets(queries).unflatten(-1, (*self.shape, 2)).unbind(-1)
        x, y = centres[:, None, None].unbind(-1)
        levels = [
            torch.stack((x + column[..., i, :] / wide, y + row[..., i, :] / high), -1)
            for i, (high, wide) in enumerate(sizes)
        ]
        return torch.stack(levels, -3).transpose(1, 2)


def _rings(heads: int, levels: int, points: int) -> Float[Tensor, "s l p 2"]:
    angles = torch.arange(heads, device="cpu") * (2 * math.pi / heads)
    directions = torch.stack((angles.cos(), angles.sin()), -1)
    directions = directions / directions.abs().amax(-1, keepdim=True)
    steps = torch.arange(1, points + 1, device="cpu")
    return (directions[:, None] * steps[:, None])[:, None].expand(-1, levels, -1, -1)
