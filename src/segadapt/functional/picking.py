"""A few rows of every cluster, picked evenly from the pixels of all ranks.

Shape letter of this file: s rows picked from each cluster.
"""

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from segadapt.functional.distributed import own_rank, sum_over_ranks, world_size


class Picked(NamedTuple):
    """Rows by cluster; unused slots are at the end."""

    rows: Float[Tensor, "m s d"]
    number: Int[Tensor, "m"]
    """Number of rows of each cluster in use."""


@torch.no_grad()
def pick_evenly(
    rows: Float[Tensor, "n d"], cluster: Int[Tensor, "n"], num_clusters: int, most: int
) -> Picked:
    """Pick at most ``most`` rows of each cluster, at equal distances in the order of the pixels.

    Of T rows, number floor(j T / s) is picked for j = 0, ..., s - 1. The pixels of all ranks count,
    one rank after the other; only the picks are exchanged.

    Args:
        rows: Pixels.
        cluster: Cluster of each pixel; -1 for none.
        num_clusters: Number of clusters m.
        most: Largest number of rows to pick.
    """
    spare = cluster.where(cluster >= 0, num_clusters)
    place, count = _places(spare, num_clusters + 1)
    by_rank = count.new_zeros(world_size(), len(count))
    by_rank[own_rank()] = count
    by_rank = sum_over_ranks(by_rank)
    total = by_rank.sum(0)
    place = place + by_rank[: own_rank()].sum(0)[spare]  # among the pixels of all ranks

    number = total.clamp_max(most)
    wanted, there = number[spare], total[spare]  # there >= 1: this pixel itself
    turn = (place * wanted + there - 1) // there  # the one j that could pick this place
    chosen = (cluster >= 0) & (turn < wanted) & ((turn * there) // wanted.clamp_min(1) == place)
    slot = (spare * most + turn).where(chosen, num_clusters * most)
    picks = rows.new_zeros(num_clusters * most + 1, rows.shape[1])
    picks.index_add_(0, slot, rows * chosen[:, None])  # one row for each slot
    picks = sum_over_ranks(picks[:-1])
    return Picked(picks.unflatten(0, (num_clusters, most)), number[:num_clusters])


def enqueue(
    memory: Float[Tensor, "m q d"], start: Int[Tensor, "m"], picked: Picked
) -> Float[Tensor, "m q d"]:
    """The ring buffer of each cluster with the picks written from ``start`` on, over the oldest."""
    size, most = memory.shape[1], picked.rows.shape[1]
    turn = torch.arange(most, device=memory.device)
    place = ((start[:, None] + turn) % size)[..., None].expand_as(picked.rows)
    there: Bool[Tensor, "m s 1"] = (turn < picked.number[:, None])[..., None]
    return memory.scatter(1, place, picked.rows.where(there, memory.gather(1, place)))


def _places(
    cluster: Int[Tensor, "n"], num_clusters: int
) -> tuple[Int[Tensor, "n"], Int[Tensor, "m"]]:
    """Number of pixels of the same cluster before each pixel, and of pixels in each cluster."""
    count = torch.zeros(num_clusters, dtype=torch.long, device=cluster.device)
    count.index_add_(0, cluster, torch.ones_like(cluster))
    order = cluster.argsort(stable=True)
    before = count.cumsum(0) - count
    steps = torch.arange(len(cluster), device=cluster.device)
    place = torch.empty_like(cluster)
    return place.scatter_(0, order, steps - before[cluster[order]]), count
