"""A kill at any operation of the file system loses neither the last nor the best checkpoint."""

import math
import os
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import Mock

import lightning as L
import pytest
from checkpoints import saved

from segadapt.runs.checkpoint import digest, read
from segadapt.training.callbacks.checkpoints import Checkpoints
from segadapt.training.checkpoint_io import AtomicCheckpointIO
from segadapt.training.loggers.metrics_csv import MetricsFile

SCORES = {1: 0.1, 2: 0.3, 3: 0.2}
TASK = Mock(spec=L.LightningModule)
TRAINER = Mock(spec=L.Trainer, is_global_zero=True)
OPERATIONS = ("replace", "link", "unlink")


class Killed(BaseException):
    """What the process does from then on does not happen."""


@pytest.fixture
def kill(monkeypatch):
    """Makes the operation with a number, and all after it, fail; counts them from 0."""
    count = SimpleNamespace(done=0, last=math.inf)

    def mortal(operation):
        def act(*arguments, **options):
            if count.done >= count.last:
                raise Killed
            count.done += 1
            return operation(*arguments, **options)

        return act

    for name in OPERATIONS:
        monkeypatch.setattr(os, name, mortal(getattr(os, name)))
    monkeypatch.setattr(os, "fsync", mortal(lambda _: None))  # the power stays on

    def at(number):
        count.done, count.last = 0, number

    at.count = count
    return at


def nothing():
    pass


class Run:
    """A process that trains in a folder, as far as checkpoints see it."""

    def __init__(self, folder, sync=nothing):
        self.files = AtomicCheckpointIO()
        self.callback = Checkpoints(folder, 1, "val/miou", self.files, sync)
        self.last = folder / "last.ckpt"
        self.trainer = TRAINER
        self.trainer.global_step, self.trainer.callback_metrics = 0, {}
        self.trainer.save_checkpoint = self.save

    def save(self, path):
        state = {"Checkpoints": self.callback.state_dict()}
        self.files.save_checkpoint(saved(self.trainer.global_step, callbacks=state), path)

    def resume(self):
        if self.last.is_file():
            content = self.files.load_checkpoint(self.last)
            self.trainer.global_step = content["global_step"]
            self.callback.load_state_dict(content["callbacks"]["Checkpoints"])
        return self

    def train(self, scores=SCORES):
        self.callback.on_train_start(self.trainer, TASK)
        for step in range(self.trainer.global_step + 1, len(scores) + 1):
            self.trainer.global_step = step
            self.trainer.callback_metrics["val/miou"] = scores[step]
            self.callback.on_validation_end(self.trainer, TASK)
            self.callback.on_train_batch_start(self.trainer, TASK, None, 0)
        self.callback.on_train_end(self.trainer, TASK)


def steps(folder):
    return {path.name: read(path)["global_step"] for path in folder.glob("*.ckpt")}


@pytest.mark.parametrize("length", [2, pytest.param(3, marks=pytest.mark.slow)])
def test_a_kill_at_any_operation_loses_nothing(tmp_path, kill, length):
    scores = {step: SCORES[step] for step in range(1, length + 1)}
    Run(tmp_path / "whole").train(scores)
    whole = steps(tmp_path / "whole")
    assert whole == {"last.ckpt": length, "previous.ckpt": length - 1, "best.ckpt": 2}
    operations = kill.count.done
    assert operations > 30
    for number in range(operations):
        folder = tmp_path / str(number)
        kill(number)
        with pytest.raises(Killed):
            Run(folder).train(scores)
        kill(math.inf)
        steps(folder)  # everything that is there can be read
        Run(folder).resume().train(scores)
        assert steps(folder) == whole, number
        for path in folder.glob("*.ckpt"):
            assert len(path.with_name(f"{path.name}.sha256").read_text().splitlines()) == 1


def test_a_kill_while_the_second_name_is_made_up_for_loses_nothing(tmp_path, kill):
    kill(math.inf)
    Run(tmp_path / "a").train({1: 0.1})
    operations = kill.count.done
    for number in range(operations - 8, operations):  # the second name is given last
        folder = tmp_path / str(number)
        kill(number)
        with suppress(Killed):
            Run(folder).train({1: 0.1})
        kill(3)
        if (folder / "last.ckpt").is_file():
            with pytest.raises(Killed):
                Run(folder).resume().train({1: 0.1})
            kill(math.inf)
            Run(folder).resume().train({1: 0.1})
            assert steps(folder)["best.ckpt"] == 1
        kill(math.inf)


def test_the_best_one_stays_where_a_later_one_is_resumed(tmp_path):
    Run(tmp_path).train()
    before = digest(tmp_path / "best.ckpt")
    Run(tmp_path).resume().train({**SCORES, 4: 0.25})
    assert digest(tmp_path / "best.ckpt") == before


def test_a_best_one_that_cannot_be_restored_is_said(tmp_path, caplog):
    Run(tmp_path).train()
    (tmp_path / "best.ckpt").unlink()
    Run(tmp_path).resume().train()
    assert "best.ckpt is missing, and cannot be restored" in caplog.text
    assert "val/miou 0.3000" in caplog.text


def test_the_best_one_of_a_damaged_last_is_the_one_resumed_from(tmp_path):
    """The two are one file under two names, so that a flipped bit is in both."""
    Run(tmp_path).train({1: 0.1, 2: 0.3})
    data = bytearray((tmp_path / "last.ckpt").read_bytes())
    data[len(data) // 2] ^= 1
    (tmp_path / "last.ckpt").write_bytes(data)  # in place
    run = Run(tmp_path).resume()
    run.callback.on_train_start(run.trainer, TASK)
    assert steps_of(tmp_path, "best", "previous") == [1, 1]
    run.train({1: 0.1, 2: 0.3})
    assert steps_of(tmp_path, "last", "best", "previous") == [2, 2, 1]


def steps_of(folder, *names):
    return [read(folder / f"{name}.ckpt")["global_step"] for name in names]


def test_an_older_checkpoint_without_the_step_of_the_best_is_resumed(tmp_path):
    Run(tmp_path).train()
    run = Run(tmp_path)
    run.callback.load_state_dict({"best": 0.3})
    assert (run.callback.best, run.callback.best_step) == (0.3, None)


def test_rows_are_on_the_disk_before_the_checkpoint_that_tells_of_them(tmp_path, monkeypatch):
    """After a power cut a file has what was synced, the rest may be missing."""
    durable, sync = {}, os.fsync

    def fsync(descriptor):
        sync(descriptor)
        path = Path(f"/proc/self/fd/{descriptor}").readlink()
        if path.is_file():
            durable[path.name.removeprefix(".").partition(".partial-")[0]] = path.read_text("l1")

    monkeypatch.setattr(os, "fsync", fsync)
    metrics = MetricsFile(tmp_path / "metrics.csv")
    run = Run(tmp_path / "checkpoints", metrics.sync)
    at_save = []

    def save(path):
        at_save.append(durable["metrics.csv"].splitlines()[-1].split(",")[0])
        Run.save(run, path)

    run.trainer.save_checkpoint = save
    run.callback.on_train_start(run.trainer, TASK)
    for step in (1, 2, 3):
        run.trainer.global_step = step
        metrics.log_metrics({"loss": 0.5}, step)
        run.callback.on_train_batch_start(run.trainer, TASK, None, 0)
    assert at_save == ["1", "2", "3"]
