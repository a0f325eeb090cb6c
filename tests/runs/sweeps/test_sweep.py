"""Sweeps as they are typed: killed, started again, mistyped, started twice."""

import csv
import json
import os
import signal
import time

import pytest
import torch
from commands import Answer, command
from runs import SMALL, fork, state, wait

from segadapt.cli.train import train
from segadapt.runs.sweeps.folder import SweepFolder

FEW = ("classifier=fixed", "data.steps=2", "data.batch_size=2")
MANY = ("classifier=fixed", "data.batch_size=2", "checkpoint_every=2", "data.eval_every=24")
LONG = ("data.steps=24", "seed=0,1")


def typed(folder, *overrides) -> Answer:
    """What ``python train.py -m ...`` answers."""
    return command(train, folder, "-m", *SMALL, "hydra.sweep.dir=sweep", *overrides, patience=600)


def run_json(folder, number):
    return json.loads((folder / "sweep" / str(number) / "run.json").read_text())


def states(folder):
    told = json.loads((folder / "sweep" / "sweep.json").read_text())
    return [trial["state"] for trial in told["trials"]]


def contents(folder):
    return {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def kill_in_trial(folder, number, *overrides):
    """Start a sweep, and kill -9 it once a trial has a checkpoint."""
    pid = fork(lambda: typed_here(folder, *overrides))
    last = folder / "sweep" / str(number) / "checkpoints" / "last.ckpt"
    end = time.monotonic() + 600
    while not last.is_file():
        assert time.monotonic() < end, "no checkpoint within ten minutes"
        time.sleep(0.01)
    os.kill(pid, signal.SIGKILL)
    assert wait(pid) == -signal.SIGKILL


def typed_here(folder, *overrides):
    """The same in this process."""
    import sys

    folder.mkdir(exist_ok=True)
    os.chdir(folder)
    sys.argv = ["train.py", "-m", *SMALL, "hydra.sweep.dir=sweep", *overrides]
    train()


def test_a_killed_sweep_goes_on_where_it_stopped(tmp_path):
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    assert typed(whole, *MANY, *LONG).code == 0
    kill_in_trial(cut, 1, *MANY, *LONG)
    assert run_json(cut, 0)["state"] == "finished"
    assert run_json(cut, 1)["state"] == "running"
    before = contents(cut / "sweep" / "0")
    answer = typed(cut, *MANY, *LONG)
    assert answer.code == 0, answer
    assert contents(cut / "sweep" / "0") == before
    assert "trial 0 is finished" in answer.out
    assert "trial 1 was interrupted; it resumes from its last checkpoint" in answer.out
    assert [run_json(cut, number)["starts"] for number in range(2)] == [1, 2]
    for number in range(2):
        assert state(cut / "sweep" / str(number)) == state(whole / "sweep" / str(number))
    tables = [(folder / "sweep" / "sweep.csv").read_text() for folder in (whole, cut)]
    assert tables[0] == tables[1]
    again = typed(cut, *MANY, *LONG)
    assert (again.code, again.out.count("is finished")) == (0, 2)


def test_a_failed_trial_is_told_with_its_cause_and_tried_again_once(tmp_path):
    words = (*FEW, "optimizer.lr=1e-3,1e30", "data.steps=4")
    first = typed(tmp_path, *words)
    assert first.code == 1
    assert states(tmp_path) == ["finished", "failed"]
    cause = run_json(tmp_path, 1)["cause"]
    assert f"trial 1 failed: {cause}" in first.out
    assert first.err.splitlines()[-1].startswith("error: 1 of 2 trials have no value: 1 (failed)")
    second = typed(tmp_path, *words)
    assert f"trial 1 failed before ({cause}); it is retried" in second.out
    assert len(run_json(tmp_path, 1)["failures"]) == 2
    third = typed(tmp_path, *words)
    assert "trial 1 failed 2 times" in third.out
    assert run_json(tmp_path, 1)["starts"] == 2
    with (tmp_path / "sweep" / "sweep.csv").open() as file:
        good, bad = csv.DictReader(file)
    assert (bad["state"], bad["val/miou"], bad["cause"]) == ("failed", "", cause)
    assert float(good["val/miou"]) >= 0
    assert "Traceback" not in first.err + second.err + third.err


@pytest.mark.parametrize(
    ("typo", "said"),
    [
        ("classifier=fixed,ccac", "Did you mean cac?"),
        ("optimizer.lrr=1,2", "Unknown key optimizer.lrr"),
        ("data.steps=2,0", "data.steps=0; it must be an integer >= 1"),
    ],
)
def test_a_mistake_in_any_trial_is_told_before_the_first_begins(tmp_path, typo, said):
    answer = typed(tmp_path, *FEW, typo)
    assert answer.code == 1
    assert said in answer.err
    assert "Traceback" not in answer.err
    assert not (tmp_path / "sweep").exists()


def test_two_sweeps_do_not_share_a_folder(tmp_path):
    with SweepFolder(tmp_path / "sweep"):
        answer = typed(tmp_path, *FEW, "seed=0,1")
    assert answer.code == 1
    assert answer.err == (
        f"error: process {os.getpid()} on {os.uname().nodename} is sweeping in sweep; wait for "
        "it, or choose another folder with hydra.sweep.dir=FOLDER\n"
    )
    assert not (tmp_path / "sweep" / "0").exists()


def test_a_sweep_does_not_start_under_torchrun(tmp_path):
    words = ("-m", *SMALL, *FEW, "seed=0,1", "hydra.sweep.dir=sweep")
    answer = command(train, tmp_path, *words, LOCAL_RANK="0", RANK="0")
    assert answer.code == 1
    assert "rather than torchrun or srun" in answer.err


def test_a_named_sweep_needs_no_further_flag(tmp_path):
    words = (*SMALL, "classifier=cac", "data.steps=1", "sweep=lambda_kl", "hydra.sweep.dir=sweep")
    answer = command(train, tmp_path, *words)
    assert answer.code == 0, answer
    with (tmp_path / "sweep" / "sweep.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["loss.weights.response"] for row in rows] == ["0.1", "1", "10"]
    last = torch.load(tmp_path / "sweep/2/checkpoints/last.ckpt", weights_only=True)
    assert last["global_step"] == 1


def test_the_tracker_shows_the_trials_together(tmp_path):
    words = [word for word in SMALL if word != "logger=none"]
    words += [*FEW, "logger.mode=disabled", "seed=0", "hydra.sweep.dir=taus"]
    assert command(train, tmp_path, "-m", *words).code == 0
    text = (tmp_path / "taus" / "0" / "config.yaml").read_text()
    assert f"group: {tmp_path.name}/taus" in text
    sent = json.loads((tmp_path / "taus" / "wandb" / "sweep.json").read_text())
    assert [line[:2] for line in sent["table"]["lines"]] == [[0, "finished"]]
