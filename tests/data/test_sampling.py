import numpy as np
import pytest

from segadapt.data.sampling import (
    AUGMENTATION,
    ORDER,
    EpochOrder,
    ShardSampler,
    StepBatchSampler,
    generator_for,
    repeat_factors,
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


REPEATS = np.array([1.0, 2.5, 1.0, 1.25, 4.0, 1.0, 1.9])
"""Their sum over 1 is 5.65: six further draws an epoch."""


def test_repeat_factors_are_those_of_lvis():
    held = [[0], [0, 1], [0], [0, 2], [], [0], [0], [0, 1]]
    found = repeat_factors(held, num_classes=4, threshold=0.5)
    rare, rarest = (0.5 / 0.25) ** 0.5, (0.5 / 0.125) ** 0.5
    assert found == pytest.approx([1, rare, 1, rarest, 1, 1, 1, rare])


def test_repeats_are_drawn_as_often_as_they_should_and_each_item_in_each_epoch():
    order = EpochOrder(7, 3, REPEATS)
    assert len(order) == 7 + 6
    counts = np.array([np.bincount(order(epoch), minlength=7) for epoch in range(4000)])
    assert (counts.sum(1) == len(order)).all()
    further = (REPEATS - 1) * 6 / 5.65
    assert (counts - 1 >= np.floor(further)).all()
    assert (counts - 1 <= np.ceil(further)).all()
    deviation = np.sqrt(further % 1 * (1 - further % 1) / 4000)
    assert (np.abs(counts.mean(0) - 1 - further) <= 4 * deviation + 1e-12).all()


@pytest.mark.parametrize("repeats", [None, np.ones(50), np.full(50, 1.001)])
def test_without_repeats_the_order_is_that_of_plain_permutations(repeats):
    found = [item for _, item in flat(StepBatchSampler(50, 10, 3, 15, repeats=repeats))]
    plain = [generator_for(ORDER, 3, epoch).permutation(50) for epoch in range(3)]
    assert found == np.concatenate(plain).tolist()


@pytest.mark.parametrize("world_size", [1, 2])
def test_repeated_draws_resume_and_are_shared_by_ranks(world_size):
    whole = flat(StepBatchSampler(7, 4, 2, 20, repeats=REPEATS))
    assert [g for g, _ in whole] == list(range(80))
    ranks = [
        list(StepBatchSampler(7, 4, 2, 20, 9, rank, world_size, 2, REPEATS))
        for rank in range(world_size)
    ]
    joined = [key for parts in zip(*ranks, strict=True) for part in parts for key in part]
    assert joined == whole[9 * 4 :]
