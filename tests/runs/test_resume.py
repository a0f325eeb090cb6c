"""Killed at any moment, a run ends where it would have ended."""

import csv
import json
import os
import random
import signal
import time

import pytest
import torch
from runs import config, fork, state, wait

from segadapt.experiment import train
from segadapt.training.callbacks.preemption import Preemption

CLASSIFIERS = ["fixed", "cac", "ssa"]


def overrides(classifier, steps):
    return [
        f"classifier={classifier}",
        f"data.steps={steps}",
        "data.batch_size=2",
        f"data.eval_every={steps // 4}",
        f"checkpoint_every={max(steps // 20, 2)}",
    ]


def run(folder, *changes):
    cfg = config(folder, *changes)
    return fork(lambda: train(cfg))


def killed_once_saved(tmp_path, changes):
    """The folder of a run that was killed after its first checkpoint and before its end."""
    hit = False
    while not hit:
        folder = tmp_path / str(time.monotonic())
        pid, begun = run(folder, *changes), time.monotonic()
        while not (folder / "checkpoints" / "last.ckpt").is_file():
            assert time.monotonic() < begun + 300, "no checkpoint within five minutes"
            time.sleep(0.005)
        os.kill(pid, signal.SIGKILL)
        hit = wait(pid) == -signal.SIGKILL
    return folder


def interrupted(folder, changes, moment, number):
    """Start a run and send it a signal; whether that came before its end."""
    pid = run(folder, *changes)
    time.sleep(moment)
    os.kill(pid, number)
    return wait(pid) in (-number, 128 + number)


def rows(folder):
    with (folder / "metrics.csv").open() as file:
        return list(csv.DictReader(file))


def compare(tmp_path, classifier, steps, draws, number):
    """Interrupt ``draws`` runs once each; how many end like one that was left alone."""
    changes = overrides(classifier, steps)
    whole = tmp_path / "whole"
    pid, begun = run(whole, *changes), time.monotonic()
    assert wait(pid) == 0
    duration = time.monotonic() - begun
    expected, table = state(whole), rows(whole)
    assert [int(row["step"]) for row in table] == list(range(1, steps + 1))
    chance, same = random.Random(classifier), 0
    for draw in range(draws):
        hit = False
        while not hit:
            folder = tmp_path / f"{draw}-{chance.random()}"
            hit = interrupted(folder, changes, chance.uniform(0.1, 1) * duration, number)
        assert wait(run(folder, *changes)) == 0
        same += state(folder) == expected and rows(folder) == table
    return same


@pytest.mark.parametrize(
    "classifier",  # SSA's state holds all that the others have, and the next test trains "fixed"
    [pytest.param(name, marks=[] if name == "ssa" else pytest.mark.slow) for name in CLASSIFIERS],
)
def test_a_killed_run_ends_as_if_it_had_not_been(tmp_path, classifier):
    assert compare(tmp_path, classifier, 16, 1, signal.SIGKILL) == 1


def test_a_run_asked_to_stop_saves_and_ends_as_if_it_had_not_been(tmp_path):
    assert compare(tmp_path, "fixed", 16, 1, signal.SIGTERM) == 1


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM], ids=["kill", "term"])
@pytest.mark.parametrize("classifier", CLASSIFIERS)
def test_twenty_random_moments(tmp_path, classifier, number):
    assert compare(tmp_path, classifier, 200, 20, number) == 20


@pytest.mark.filterwarnings("ignore:This DataLoader will create 4 worker:UserWarning")
def test_how_many_processes_load_does_not_matter(tmp_path):
    changes = overrides("fixed", 12)
    folders = [tmp_path / str(workers) for workers in (0, 1, 4)]
    for folder, workers in zip(folders, (0, 1, 4), strict=True):
        assert wait(run(folder, *changes, f"data.num_workers={workers}")) == 0
    assert len({state(folder) for folder in folders}) == 1


def test_a_run_may_go_on_with_other_workers_and_accumulate(tmp_path):
    changes = [*overrides("ssa", 12), "data.batch_size=4", "trainer.accumulate_grad_batches=2"]
    changes.append("smaller_oracle_groups=true")
    assert wait(run(tmp_path / "whole", *changes)) == 0
    folder = killed_once_saved(tmp_path, changes)
    assert wait(run(folder, *changes, "data.num_workers=1")) == 0
    assert state(folder) == state(tmp_path / "whole")
    assert rows(folder) == rows(tmp_path / "whole")


def test_the_rate_after_a_resume_is_that_of_the_formula(tmp_path):
    changes = [
        *overrides("fixed", 12),
        "schedule.warmup=5",
        "schedule.power=0.9",
        "optimizer.lr=1e-3",
    ]
    folder = killed_once_saved(tmp_path, changes)
    assert wait(run(folder, *changes)) == 0
    for t, row in enumerate(rows(folder)):
        expected = 1e-3 * (1 - t / 12) ** 0.9
        expected *= 1 - (1 - t / 5) * (1 - 1e-6) if t < 5 else 1
        assert float(row["lr"]) == pytest.approx(expected, rel=1e-6)


def test_what_follows_the_last_step_is_made_up_for(tmp_path):
    changes = [*overrides("fixed", 4), "callbacks=default", "callbacks.panels.images=1"]
    assert wait(run(tmp_path, *changes)) == 0
    report, found = (tmp_path / "report.json").read_text(), rows(tmp_path)
    (tmp_path / "report.json").unlink()
    state_file = tmp_path / "run.json"  # as if the process had died after its last checkpoint
    state_file.write_text(state_file.read_text().replace("finished", "running"))
    before = state(tmp_path)
    assert wait(run(tmp_path, *changes)) == 0
    assert (tmp_path / "report.json").read_text() == report
    assert state(tmp_path) == before
    assert [row["val/miou"] for row in rows(tmp_path)] == [row["val/miou"] for row in found]
    assert json.loads(state_file.read_text())["state"] == "finished"


def test_checkpoints_are_tensors_and_plain_values(tmp_path):
    assert wait(run(tmp_path, *overrides("cac", 4))) == 0
    for name in ("last", "previous", "best"):
        content = torch.load(tmp_path / "checkpoints" / f"{name}.ckpt", weights_only=True)
        assert content.keys() == {
            "epoch",
            "global_step",
            "pytorch-lightning_version",
            "state_dict",
            "callbacks",
            "optimizer_states",
            "lr_schedulers",
            "run",
            "tensors",
        }


def test_a_run_that_was_stopped_in_a_validation_repeats_it(tmp_path):
    changes = [*overrides("ssa", 10), "data.eval_every=5"]
    changes += ["trainer.log_every_n_steps=1", "classifier.dropout=0.1"]
    whole, folder = tmp_path / "whole", tmp_path / "stopped"
    assert wait(run(whole, *changes)) == 0
    cfg = config(folder, *changes)

    def stopped():
        Preemption.on_validation_epoch_start = lambda *_: os.kill(os.getpid(), signal.SIGTERM)
        train(cfg)

    assert wait(fork(stopped)) == 128 + signal.SIGTERM
    assert json.loads((folder / "run.json").read_text())["state"] == "interrupted"
    saved = torch.load(folder / "checkpoints" / "last.ckpt", weights_only=True)
    assert saved["global_step"] == 4
    assert wait(run(folder, *changes)) == 0
    assert state(folder) == state(whole)
    assert (folder / "metrics.csv").read_bytes() == (whole / "metrics.csv").read_bytes()
