import resource
import time

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


class Sleeps(L.Callback):
    """Makes steps, gaps and validations take known times."""

    def on_train_batch_start(self, *args):
        time.sleep(0.02)

    def on_validation_start(self, *args):
        time.sleep(0.3)


def test_times_are_means_over_steps_without_validation(tmp_path):
    kept = Kept()
    fit([Throughput(), Sleeps(), kept], tmp_path, log_every_n_steps=2)
    assert sorted(kept.rows)[0] == 2
    for row in kept.rows.values():
        assert 0.02 <= row["time/step"] < 0.2
        assert 0 <= row["time/wait"] < row["time/step"]
        assert row["images_per_second"] == pytest.approx(2 / row["time/step"], rel=1e-3)


def test_accumulated_batches_count_as_one_step(tmp_path):
    kept = Kept()
    fit([Throughput(), Sleeps(), kept], tmp_path, steps=4, accumulate_grad_batches=3)
    last = kept.rows[4]
    assert last["time/step"] >= 0.06
    assert last["images_per_second"] == pytest.approx(6 / last["time/step"], rel=1e-3)


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
