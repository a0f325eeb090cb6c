"""Which sample is drawn when: pure functions of seed and count, so that nothing need be stored."""

from collections.abc import Iterator

import numpy as np
from torch.utils.data import Sampler

Key = int | tuple[int, int]
"""How a dataset is indexed: (global sample index, item) in training, the item alone otherwise."""

ORDER, AUGMENTATION, SCENE = range(3)
"""What a random stream is for; streams of different use share no numbers."""


def generator_for(use: int, *count: int) -> np.random.Generator:
    """The generator that belongs to a use and a count (seed, index, ...), on every machine."""
    return np.random.default_rng((use, *count))


def position_and_item(key: Key) -> tuple[int, int]:
    """Both parts of a key; an item alone stands at the position of the same number."""
    return key if isinstance(key, tuple) else (key, key)


class StepBatchSampler(Sampler[list[tuple[int, int]]]):
    """This rank's micro-batches of an endless shuffled stream, from any optimiser step on.

    Optimiser step s takes the global samples s*B ... (s+1)*B-1. Its micro-batches, and within each
    the ranks, take consecutive parts of them: joined over ranks they are the batches of one
    process. Sample g is item ``order[g % length]`` of epoch ``g // length``, whose order is a
    function of (seed, epoch). Nothing is dropped at the end of an epoch: a batch may span two.

    A yielded key is (g, item), so that augmentation can be a function of g.

    Args:
        length: Number of items.
        batch_size: Images per optimiser step over all ranks, B.
        seed: Seed of the run, not negative.
        steps: Optimiser steps of the whole run.
        start_step: Optimiser steps already taken.
        rank: Number of this process.
        world_size: Number of processes.
        accumulate: Micro-batches per optimiser step.

    Raises:
        ValueError: If there is no item, the batch cannot be split evenly, the seed is negative or
            the run is past its end.
    """

    def __init__(
        self,
        length: int,
        batch_size: int,
        seed: int,
        steps: int,
        start_step: int = 0,
        rank: int = 0,
        world_size: int = 1,
        accumulate: int = 1,
    ) -> None:
        if length < 1:
            raise ValueError("the training set is empty; nothing can be drawn from it")
        if seed < 0:
            raise ValueError(f"seed={seed} is negative; choose 0 or more")
        if not 0 <= start_step <= steps:
            raise ValueError(
                f"the run stands at step {start_step}, but data.steps={steps}; raise data.steps"
            )
        self.length, self.seed = length, seed
        self.start_step, self.steps = start_step, steps
        self.rank, self.world_size, self.accumulate = rank, world_size, accumulate
        self.micro_batch = _share(batch_size, world_size, accumulate)
        self._epoch, self._order = -1, np.empty(0, dtype=np.int64)

    def __len__(self) -> int:
        return (self.steps - self.start_step) * self.accumulate

    def __iter__(self) -> Iterator[list[tuple[int, int]]]:
        for part in range(self.start_step * self.accumulate, self.steps * self.accumulate):
            first = (part * self.world_size + self.rank) * self.micro_batch
            yield [(g, self.item(g)) for g in range(first, first + self.micro_batch)]

    def item(self, position: int) -> int:
        """The item that is the ``position``-th sample of the run."""
        epoch, place = divmod(position, self.length)
        if epoch != self._epoch:
            self._order = generator_for(ORDER, self.seed, epoch).permutation(self.length)
            self._epoch = epoch
        return int(self._order[place])


class ShardSampler(Sampler[list[int]]):
    """Every ``world_size``-th item from ``rank`` on, one a batch: no padding, no duplicate.

    Args:
        length: Number of items of the whole set.
        rank: Number of this process.
        world_size: Number of processes.
    """

    def __init__(self, length: int, rank: int = 0, world_size: int = 1) -> None:
        self.items = range(rank, length, world_size)

    def __len__(self) -> int:
        return len(self.items)

    def __iter__(self) -> Iterator[list[int]]:
        return ([item] for item in self.items)


def _share(batch_size: int, world_size: int, accumulate: int) -> int:
    """Images of one micro-batch on one rank."""
    parts = world_size * accumulate
    if batch_size < 1 or batch_size % parts:
        nearest = max(round(batch_size / parts), 1) * parts
        raise ValueError(
            f"data.batch_size={batch_size} cannot be split evenly over {world_size} rank(s) and "
            f"{accumulate} accumulated batch(es); the nearest that can is {nearest}"
        )
    return batch_size // parts
