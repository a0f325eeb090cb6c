import multiprocessing
import os
import signal
import subprocess
import time

import cv2
import pytest
import torch
from torch.utils.data import DataLoader, Dataset

from segadapt.data.workers import sentence, start_method, start_worker


class Facts(Dataset):
    """What a worker is like."""

    def __len__(self):
        return 100

    def __getitem__(self, index):
        return torch.tensor([os.getpid(), cv2.getNumThreads()])


class Broken(Dataset):
    def __len__(self):
        return 1

    def __getitem__(self, index):
        raise ValueError("label a: b.png holds 9 on 3 pixels; correct it")


@pytest.fixture
def alarms():
    """The main process traps signals, as a run that can be preempted does."""
    seen = []
    traps = {
        s: signal.signal(s, lambda number, _: seen.append(number))
        for s in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1)
    }
    yield seen
    for number, before in traps.items():
        signal.signal(number, before)


def test_workers_outlive_signals_meant_for_the_run_and_end_with_their_parent(alarms):
    loader = DataLoader(Facts(), 1, num_workers=1, worker_init_fn=start_worker, prefetch_factor=1)
    batches = iter(loader)
    worker, threads = next(batches)[0].tolist()
    assert threads in (0, 1)  # OpenCV says 1 for "none of its own"
    for name in ("TERM", "INT", "USR1"):  # from a process that is not the parent
        subprocess.run(["kill", f"-{name}", str(worker)], check=True)
    time.sleep(0.3)
    assert [next(batches)[0, 0].item() for _ in range(10)] == [worker] * 10
    assert alarms == []
    os.kill(worker, signal.SIGTERM)  # from the parent, as torch does
    (process,) = batches._workers
    process.join(10)
    assert process.exitcode == 0


def test_the_sentence_of_a_worker_is_recovered():
    loader = DataLoader(Broken(), 1, num_workers=1, worker_init_fn=start_worker)
    with pytest.raises(ValueError, match="Traceback") as error:
        next(iter(loader))
    assert sentence(error.value) == "label a: b.png holds 9 on 3 pixels; correct it"


def test_the_sentence_of_the_main_process_is_left_alone():
    assert sentence(ValueError("steps=0; choose more")) == "steps=0; choose more"


@pytest.mark.parametrize(
    ("default", "num_workers", "chosen"),
    [("loky", 2, "fork"), ("loky", 0, None), ("fork", 2, None), ("forkserver", 2, None)],
)
def test_only_a_foreign_way_to_start_processes_is_replaced(
    monkeypatch, default, num_workers, chosen
):
    monkeypatch.setattr(multiprocessing, "get_start_method", lambda: default)
    assert start_method(num_workers) == chosen
