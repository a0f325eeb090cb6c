"""Order of samples: pure functions of seed and count, so that no state is stored."""

from collections.abc import Iterator, Sequence

import numpy as np
from jaxtyping import Float, Int
from torch.utils.data import Sampler

Key = int | tuple[int, int]
"""Index of a dataset: (global sample index, item) in training, only the item otherwise."""

ORDER, AUGMENTATION, SCENE = range(3)
"""Purposes of random streams; streams of different purposes are independent."""


def generator_for(use: int, *count: int) -> np.random.Generator:
    """The generator that belongs to a use and a count (seed, index, ...), on every machine."""
    return np.random.default_rng((use, *count))


def position_and_item(key: Key) -> tuple[int, int]:
    """Both parts of a key; for an item alone, the position has the same number."""
    return key if isinstance(key, tuple) else (key, key)


def repeat_factors(
    classes: Sequence[Sequence[int]], num_classes: int, threshold: float
) -> Float[np.ndarray, "n"]:
    """Mean number of draws of each image per epoch: repeat factor sampling of LVIS.

    A class in a share f of the images has r = max(1, sqrt(threshold / f)); an image has the largest
    r of its classes (Gupta et al., CVPR 2019).

    Args:
        classes: Those of which each image has pixels.
        num_classes: Number of classes.
        threshold: Share of the images below which a class is rare.
    """
    share = np.bincount([k for held in classes for k in held], minlength=num_classes) / len(classes)
    factors = np.sqrt(threshold / np.maximum(share, 1e-300)).clip(min=1)
    return np.array([max((factors[k] for k in held), default=1.0) for held in classes])


class EpochOrder:
    """The items of each epoch in the order in which they are drawn: a function of (seed, epoch).

    Every item is drawn once. With ``repeats`` there are further draws, as many in each epoch, by
    systematic sampling: an item that is to be drawn r times on average is drawn floor(r) or ceil(r)
    times. Their number is the sum of r - 1, rounded.

    Args:
        items: Number of items.
        seed: Seed of the run.
        repeats: Draws of each item in an epoch on average, at least 1; None for 1.
    """

    def __init__(
        self, items: int, seed: int, repeats: Float[np.ndarray, "n"] | None = None
    ) -> None:
        self.items, self.seed = items, seed
        more = np.zeros(0) if repeats is None else repeats - 1
        self.rare = np.flatnonzero(more > 0)
        self.more = more[self.rare]
        self.extra = round(float(self.more.sum()))

    def __len__(self) -> int:
        return self.items + self.extra

    def __call__(self, epoch: int) -> Int[np.ndarray, "l"]:
        """The items of an epoch in order."""
        generator = generator_for(ORDER, self.seed, epoch)
        if not self.extra:
            return generator.permutation(self.items)
        return generator.permutation(np.append(np.arange(self.items), self._further(generator)))

    def _further(self, generator: np.random.Generator) -> Int[np.ndarray, "e"]:
        """Items at equal distances on a line along which each has its length, in random order."""
        order = generator.permutation(len(self.rare))
        ends = np.cumsum(self.more[order])
        points = (generator.random() + np.arange(self.extra)) * ends[-1] / self.extra
        places = np.searchsorted(ends, points, side="right").clip(max=len(order) - 1)
        return self.rare[order[places]]


class StepBatchSampler(Sampler[list[tuple[int, int]]]):
    """This rank's micro-batches of an endless shuffled stream, from any optimiser step on.

    Optimiser step s takes the global samples s*B ... (s+1)*B-1. Its micro-batches, and within each
    the ranks, take consecutive parts of them: joined over ranks they are the batches of one
    process. Sample g is the draw ``g % draws`` of epoch ``g // draws``, whose :class:`EpochOrder`
    is a function of (seed, epoch). Nothing is dropped at the end of an epoch: a batch may span two.

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
        repeats: Draws of each item in an epoch on average, at least 1; None for 1.

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
        repeats: Float[np.ndarray, "n"] | None = None,
    ) -> None:
        if length < 1:
            raise ValueError("the training set is empty; nothing can be drawn from it")
        if seed < 0:
            raise ValueError(f"seed={seed} is negative; choose 0 or more")
        if not 0 <= start_step <= steps:
            raise ValueError(
                f"the run stands at step {start_step}, but data.steps={steps}; raise data.steps"
            )
        self.order = EpochOrder(length, seed, repeats)
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
        epoch, place = divmod(position, len(self.order))
        if epoch != self._epoch:
            self._order, self._epoch = self.order(epoch), epoch
        return int(self._order[place])


class ShardSampler(Sampler[list[int]]):
    """Every ``world_size``-th item from ``rank`` on, one per batch: no padding, no duplicate.

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
