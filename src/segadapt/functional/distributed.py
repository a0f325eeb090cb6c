"""Sums and gathers over ranks; in a single process they do nothing."""

from typing import TypeVar

import torch.distributed as dist
from torch import Tensor

T = TypeVar("T")


def world_size() -> int:
    """Number of processes that train together."""
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


def own_rank() -> int:
    """Rank of this process among those that train together."""
    return dist.get_rank() if world_size() > 1 else 0


def sum_over_ranks(value: Tensor) -> Tensor:
    """The sum of ``value`` over all ranks, as a new tensor without gradient."""
    total = value.detach().clone()
    if world_size() > 1:
        dist.all_reduce(total)
    return total


def max_over_ranks(value: Tensor) -> Tensor:
    """The element-wise maximum of ``value`` over all ranks, as a new tensor without gradient."""
    greatest = value.detach().clone()
    if world_size() > 1:
        dist.all_reduce(greatest, dist.ReduceOp.MAX)
    return greatest


def gathered(value: T) -> list[T]:
    """The values of all ranks, by rank; they are pickled, and every rank must call this."""
    found = [value] * world_size()
    if len(found) > 1:
        dist.all_gather_object(found, value)
    return found
