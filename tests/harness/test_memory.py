import pytest
import torch
from benchmarks.harness.memory import peak_bytes

CPU = torch.device("cpu")
MEBI = 2**20


def megabyte():
    return torch.empty(MEBI, dtype=torch.uint8)


def test_peak_is_of_what_lives_at_the_same_time():
    def work():
        first, second = megabyte(), megabyte()
        del first, second
        return megabyte()

    assert peak_bytes(work, [], CPU) == pytest.approx(2 * MEBI, abs=1000)


def test_one_after_the_other_is_one():
    def work():
        for _ in range(5):
            megabyte()

    assert peak_bytes(work, [], CPU) == pytest.approx(MEBI, abs=1000)


def test_what_is_held_counts_once_whatever_views_it():
    held = megabyte()
    views = [held, held[10:], held.view(2, -1)]
    assert peak_bytes(megabyte, views, CPU) == pytest.approx(2 * MEBI, abs=1000)


def test_nothing_done_needs_what_is_held():
    assert peak_bytes(lambda: None, [megabyte()], CPU) == pytest.approx(MEBI, abs=1000)
