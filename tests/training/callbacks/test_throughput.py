import resource

import lightning as L
import pytest
import torch
from toy import ToyTask, fit

from segadapt.training.callbacks.throughput import Throughput, peak_memory


class Kept(L.Callback):
    """Keeps what is logged, step by step."""

    def __init__(self):
        self.rows = {}

    def on_train_batch_end(self, trainer, *args):
        if "time/step" in trainer.callback_metrics:
            row = {name: float(value) for name, value in trainer.callback_metrics.items()}
            self.rows[trainer.global_step] = row


class Clock(L.Callback):
    """A clock that only moves at known times: in steps, between them and in validations."""

    def __init__(self):
        self.now = 0.0

    def perf_counter(self):
        return self.now

    def on_train_batch_start(self, *args):
        self.now += 0.02

    def on_train_batch_end(self, *args):
        self.now += 0.01

    def on_validation_end(self, *args):
        self.now += 0.001  # after Throughput has seen the end, so that it counts as waiting

    def on_validation_start(self, *args):
        self.now += 0.3


@pytest.fixture
def clock(monkeypatch):
    moved = Clock()
    monkeypatch.setattr("segadapt.training.callbacks.throughput.time", moved)
    return moved


def test_times_are_means_over_steps_without_validation(tmp_path, clock):
    kept = Kept()
    fit([Throughput(), clock, kept], tmp_path, log_every_n_steps=2)
    # The first two steps have one pause between them, the others two; a validation follows step 5.
    expected = {2: (0.025, 0.005), 4: (0.03, 0.01), 6: (0.0305, 0.0105), 8: (0.03, 0.01)}
    for step, (seconds, wait) in expected.items():
        row = kept.rows[step]
        assert row["time/step"] == pytest.approx(seconds)
        assert row["time/wait"] == pytest.approx(wait)
        assert row["images_per_second"] == pytest.approx(2 / seconds)


def test_accumulated_batches_count_as_one_step(tmp_path, clock):
    kept = Kept()
    fit([Throughput(), clock, kept], tmp_path, steps=4, accumulate_grad_batches=3)
    last = kept.rows[4]
    assert 0.09 <= last["time/step"] < 0.1
    assert last["images_per_second"] == pytest.approx(6 / last["time/step"])


def test_memory_of_a_process_is_its_peak():
    before = peak_memory(torch.device("cpu"))
    block = torch.ones(64 * 2**20, dtype=torch.uint8)
    assert peak_memory(torch.device("cpu")) >= before
    assert peak_memory(torch.device("cpu")) == 1024 * resource.getrusage(0).ru_maxrss
    assert len(block)


def test_the_training_is_not_touched(tmp_path):
    weights = []
    for callbacks in ([], [Throughput()]):
        torch.manual_seed(0)
        _, task = fit(callbacks, tmp_path)
        assert isinstance(task, ToyTask)
        weights.append(torch.cat([value.flatten() for value in task.model.state_dict().values()]))
    assert weights[0].equal(weights[1])
