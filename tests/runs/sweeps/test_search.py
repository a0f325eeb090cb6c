"""Adaptive searches as they are typed."""

import importlib.util
import json
import os
import signal
import time
from pathlib import Path

import pytest
from commands import command
from runs import SMALL, fork, wait

from segadapt.cli.train import train

with_optuna = pytest.mark.skipif(
    importlib.util.find_spec("optuna") is None, reason="Optuna is not installed"
)
FEW = ("classifier=cac", "data.steps=2", "data.batch_size=2", "data.eval_every=2")
SEARCH = ("sweep=optuna_tau_lambda", "hydra.sweep.dir=sweep", "hydra.sweeper.startup=1")


def words(trials, *more):
    return (*SMALL, *FEW, *SEARCH, f"hydra.sweeper.trials={trials}", *more)


def drawn(folder):
    """Overrides and state of each trial."""
    told = json.loads((folder / "sweep" / "sweep.json").read_text())
    return [(trial["overrides"][-2:], trial["state"], trial["value"]) for trial in told["trials"]]


@pytest.mark.skipif(importlib.util.find_spec("optuna") is not None, reason="Optuna is installed")
def test_a_search_without_optuna_says_what_to_install(tmp_path):
    answer = command(train, tmp_path, *words(3), patience=600)
    assert answer.code == 1
    assert answer.err == (
        "error: a search needs Optuna, which is not installed: pip install optuna\n"
    )
    assert not (tmp_path / "sweep").exists()


@with_optuna
def test_a_killed_search_draws_what_it_would_have_drawn(tmp_path):
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    first = command(train, whole, *words(4), patience=600)
    assert first.code == 0, first
    assert "best of 4: trial" in first.out
    assert len({tuple(overrides) for overrides, *_ in drawn(whole)}) == 4
    pid = fork(lambda: here(cut, words(4)))
    begun, end = cut / "sweep" / "1" / "run.json", time.monotonic() + 600
    while not begun.is_file():
        assert time.monotonic() < end, "no second trial within ten minutes"
        time.sleep(0.01)
    os.kill(pid, signal.SIGKILL)
    assert wait(pid) == -signal.SIGKILL
    before = (cut / "sweep/0/run.json").read_bytes()
    assert command(train, cut, *words(4), patience=600).code == 0
    assert (cut / "sweep/0/run.json").read_bytes() == before
    assert drawn(cut) == drawn(whole)


def here(folder, overrides):
    import sys

    folder.mkdir(exist_ok=True)
    os.chdir(folder)
    sys.argv = ["train.py", *overrides]
    train()


@with_optuna
def test_another_search_in_the_folder_is_refused(tmp_path):
    assert command(train, tmp_path, *words(1), patience=600).code == 0
    answer = command(train, tmp_path, *words(1, "seed=3"), patience=600)
    assert answer.code == 1
    assert "error: sweep holds another search" in answer.err


@with_optuna
def test_a_failed_trial_is_no_number(tmp_path):
    bad = words(2, "optimizer.lr=1e30", "data.steps=4", "hydra.sweeper.retries=0")
    answer = command(train, tmp_path, *bad, patience=600)
    assert answer.code == 1
    assert [row[1:] for row in drawn(tmp_path)] == [("failed", None)] * 2
    assert "best of" not in answer.out


@with_optuna
@pytest.mark.slow  # eight processes import torch
def test_all_ranks_of_a_trial_train_with_what_was_drawn(tmp_path):
    two = ("trainer=ddp", "trainer.accelerator=cpu", "trainer.devices=2")
    witness = (
        "+callbacks.witness._target_=witness.Witness",
        "+callbacks.witness.folder=${paths.run}",
    )
    here = [word for word in words(3, "smaller_oracle_groups=true") if word != "trainer=cpu"]
    path = os.pathsep.join(
        [str(Path(__file__).parents[2] / "support"), os.environ.get("PYTHONPATH", "")]
    )
    answer = command(
        train, tmp_path, *here, *two, *witness, "data.batch_size=4", patience=900, PYTHONPATH=path
    )
    assert answer.code == 0, answer
    seen = []
    for number, ((tau, _), *_) in enumerate(drawn(tmp_path)):
        by_rank = [(tmp_path / f"sweep/{number}/tau-{rank}").read_text() for rank in (0, 1)]
        assert by_rank[0] == by_rank[1] == tau.removeprefix("classifier.tau=")
        seen.append(tau)
    assert len(set(seen)) == 3
