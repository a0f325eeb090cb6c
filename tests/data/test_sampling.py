import numpy as np
import pytest

from segadapt.data.sampling import (
    AUGMENTATION,
    ORDER,
    ShardSampler,
    StepBatchSampler,
    generator_for,
)


def flat(stream: StepBatchSampler) -> list[tuple[int, int]]:
    return [key for batch in stream for key in batch]


def test_every_epoch_shows_every_item_once():
    items = [item for _, item in flat(StepBatchSampler(length=7, batch_size=3, seed=1, steps=14))]
    epochs = np.array(items).reshape(6, 7)
    assert (np.sort(epochs) == np.arange(7)).all()
    assert len({tuple(epoch) for epoch in epochs}) == 6


def test_samples_are_numbered_without_gap():
    numbers = [g for g, _ in flat(StepBatchSampler(length=5, batch_size=4, seed=0, steps=6))]
    assert numbers == list(range(24))


def test_order_is_a_function_of_the_seed():
    streams = [StepBatchSampler(length=50, batch_size=10, seed=seed, steps=5) for seed in (3, 3, 4)]
    assert flat(streams[0]) == flat(streams[1]) != flat(streams[2])


@pytest.mark.parametrize("start", [0, 1, 5, 11])
def test_a_start_in_the_middle_goes_on_as_if_never_stopped(start):
    whole = list(StepBatchSampler(length=7, batch_size=4, seed=0, steps=11, accumulate=2))
    rest = StepBatchSampler(
        length=7, batch_size=4, seed=0, steps=11, accumulate=2, start_step=start
    )
    assert list(rest) == whole[2 * start :]
    assert len(rest) == len(whole) - 2 * start


@pytest.mark.parametrize("world_size", [1, 2, 3, 4])
@pytest.mark.parametrize("accumulate", [1, 2])
def test_ranks_and_micro_batches_joined_are_the_batches_of_one_process(world_size, accumulate):
    one = StepBatchSampler(length=31, batch_size=24, seed=2, steps=6)
    ranks = [
        list(StepBatchSampler(31, 24, 2, 6, 0, rank, world_size, accumulate))
        for rank in range(world_size)
    ]
    joined = [key for parts in zip(*ranks, strict=True) for part in parts for key in part]
    assert joined == flat(one)


def test_an_unfit_batch_size_names_the_nearest_that_fits():
    with pytest.raises(ValueError, match=r"batch_size=10 .* 3 rank.* 2 acc.* nearest .* is 12$"):
        StepBatchSampler(length=5, batch_size=10, seed=0, steps=1, world_size=3, accumulate=2)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"length": 0}, "training set is empty"),
        ({"seed": -1}, "seed=-1 is negative"),
        ({"start_step": 9}, "stands at step 9, but data.steps=8"),
        ({"batch_size": 0}, "nearest that can is 1"),
    ],
)
def test_impossible_streams_are_refused(changed, words):
    with pytest.raises(ValueError, match=words):
        StepBatchSampler(**{"length": 5, "batch_size": 2, "seed": 0, "steps": 8, **changed})


def test_generators_of_different_use_or_count_differ():
    keys = [(ORDER, 0, 0), (AUGMENTATION, 0, 0), (ORDER, 1, 0), (ORDER, 0, 1)]
    assert len({generator_for(*key).integers(2**62) for key in keys}) == len(keys)
    assert generator_for(ORDER, 5, 6).integers(2**62) == generator_for(ORDER, 5, 6).integers(2**62)


@pytest.mark.parametrize("images", range(10))
@pytest.mark.parametrize("world_size", [1, 2, 3, 4])
def test_shards_hold_each_image_exactly_once(images, world_size):
    shards = [ShardSampler(images, rank, world_size) for rank in range(world_size)]
    seen = sorted(item for shard in shards for batch in shard for item in batch)
    assert seen == list(range(images))
    assert sum(len(shard) for shard in shards) == images
