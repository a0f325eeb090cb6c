import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp

from segadapt.functional.picking import enqueue, pick_evenly

CLUSTERS, MOST = 5, 4


def case(pixels=60):
    generator = torch.Generator().manual_seed(0)
    cluster = torch.randint(-1, CLUSTERS - 1, (pixels,), generator=generator)  # the last is empty
    cluster[cluster == 2] = -1
    cluster[[5, 30]] = 2  # fewer than are picked
    return torch.randn(pixels, 3, generator=generator), cluster


def by_loops(rows, cluster):
    found = []
    for m in range(CLUSTERS):
        own = [row for row, c in zip(rows, cluster.tolist(), strict=True) if c == m]
        number = min(MOST, len(own))
        found.append([own[j * len(own) // number] for j in range(number)])
    return found


def assert_equal_to_loops(picked, rows, cluster):
    for m, expected in enumerate(by_loops(rows, cluster)):
        assert picked.number[m] == len(expected)
        for j, row in enumerate(expected):
            assert torch.equal(picked.rows[m, j], row)
        assert not picked.rows[m, len(expected) :].any()


@pytest.mark.parametrize("pixels", [60, 61, 200])
def test_rows_are_picked_at_equal_distances(pixels):
    rows, cluster = case(pixels)
    assert_equal_to_loops(pick_evenly(rows, cluster, CLUSTERS, MOST), rows, cluster)


def test_nothing_to_pick():
    rows, cluster = case()
    picked = pick_evenly(rows, torch.full_like(cluster, -1), CLUSTERS, MOST)
    assert not picked.number.any()
    assert not picked.rows.any()


def test_the_oldest_is_overwritten_first():
    memory, start = torch.zeros(CLUSTERS, 7, 3), torch.zeros(CLUSTERS, dtype=torch.long)
    lists = [[] for _ in range(CLUSTERS)]
    for seed in range(5):
        rows, cluster = case(40 + seed)
        picked = pick_evenly(rows, cluster, CLUSTERS, MOST)
        memory, start = enqueue(memory, start, picked), start + picked.number
        for history, new in zip(lists, by_loops(rows, cluster), strict=True):
            history.extend(new)
    for m, history in enumerate(lists):
        expected = sorted(tuple(row.tolist()) for row in history[-7:])
        found = sorted(tuple(row.tolist()) for row in memory[m] if row.any())
        assert found == expected


def rank(number, folder):
    torch.set_num_threads(1)  # a forked process must not use its parent's threads
    dist.init_process_group("gloo", f"file://{folder}/meet", rank=number, world_size=2)
    rows, cluster = case()
    part = slice(0, 25) if number == 0 else slice(25, None)  # of unequal size
    picked = pick_evenly(rows[part], cluster[part], CLUSTERS, MOST)
    assert_equal_to_loops(picked, rows, cluster)
    dist.destroy_process_group()


def test_two_ranks_pick_what_one_process_picks(tmp_path):
    mp.start_processes(rank, (str(tmp_path),), 2, start_method="fork")
