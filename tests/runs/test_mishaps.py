"""What happens to a run from outside: processes die or hang, clocks jump, there is no home."""

import json
import os
import pwd
import signal
import time
from datetime import timedelta
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pytest
from commands import command
from noise_set import write
from runs import SMALL, config, fork, state, wait

from segadapt import experiment
from segadapt.cli import resume, train

FEW = (*SMALL, "classifier=fixed", "data.batch_size=2", "data.eval_every=4", "checkpoint_every=2")
LONG = (*FEW, "data.steps=100000", "data.eval_every=100000")
CONSTANT = ("schedule.power=0", "schedule.warmup=3")


def facts(folder):
    return json.loads((folder / "run.json").read_text())


def begun(folder, *words, then):
    """Run a command, and do something once its training has made some steps; its answer."""
    actor = fork(lambda: then(_once_it_trains(folder / "run")))
    try:
        return command(train.train, folder, *words, "hydra.run.dir=run")
    finally:
        assert wait(actor) == 0


def _once_it_trains(run):
    rows, end = run / "metrics.csv", time.monotonic() + 120
    while not (rows.is_file() and len(rows.read_text().splitlines()) > 4):
        assert time.monotonic() < end, "no step within two minutes"
        time.sleep(0.02)
    return run


def children(pid):
    """Ids of the processes that a process has started."""
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for task in tasks for child in task.read_text().split()]


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV])
def test_a_loader_process_that_is_killed_is_told_with_the_way_on(tmp_path, number):
    def kill(run):
        os.kill(children(facts(run)["pid"])[0], number)

    answer = begun(tmp_path, *LONG, "data.num_workers=2", then=kill)
    assert answer.code == 1
    lines = answer.err.replace("\0", "").splitlines()
    first, *others = [line for line in lines if not line.startswith("ERROR: Unexp")]  # torch's
    assert first.startswith("error: a data loading process ended (DataLoader worker")
    assert "Unexpected error" not in answer.err
    assert others[-1] == f"resume with: python scripts/resume.py run={tmp_path}/run"


@pytest.mark.slow  # each rank imports torch
def test_a_rank_that_hangs_is_named_with_the_way_on(tmp_path):
    def stop(run):
        os.kill(children(facts(run)["pid"])[1], signal.SIGSTOP)

    two = ("trainer=ddp", "trainer.accelerator=cpu", "trainer.devices=2")
    answer = begun(tmp_path, *LONG, *two, "trainer.strategy.timeout.seconds=5", then=stop)
    assert answer.code == 1
    first, *others = answer.err.splitlines()
    assert first.startswith("error: rank 1 stopped answering; all processes were ended (another")
    assert "Unexpected error" not in answer.err
    assert others[-1] == f"resume with: python scripts/resume.py run={tmp_path}/run"


@pytest.mark.slow
def test_a_killed_training_leaves_its_folder_at_once_whatever_its_loaders_do(tmp_path):
    cfg = config(tmp_path, *LONG, "data.num_workers=2")
    pid = fork(lambda: experiment.train(cfg))
    _once_it_trains(tmp_path)
    orphans = children(pid)
    for orphan in orphans:
        os.kill(orphan, signal.SIGSTOP)  # they would notice within some seconds
    os.kill(pid, signal.SIGKILL)
    assert wait(pid) == -signal.SIGKILL
    try:
        short = config(tmp_path, *LONG, "data.num_workers=0")
        again = fork(lambda: experiment.train(short))
        time.sleep(3)
        assert facts(tmp_path)["starts"] == 2
        os.kill(again, signal.SIGTERM)
        assert wait(again) == 143
    finally:
        for orphan in orphans:
            os.kill(orphan, signal.SIGKILL)


def nobody():
    """Let this process belong to a user without a home folder, whom nobody knows."""
    os.environ.pop("HOME", None)
    os.environ.pop("SEGADAPT_CACHE", None)

    def unknown(uid):
        raise KeyError(f"getpwuid(): uid not found: {uid}")

    pwd.getpwuid = unknown


def test_a_user_without_a_home_trains(tmp_path):
    cfg = config(tmp_path, *FEW, "data.steps=1", "data.eval_every=1")
    assert wait(fork(lambda: (nobody(), experiment.train(cfg)))) == 0
    assert facts(tmp_path)["state"] == "finished"


def test_a_run_that_is_lengthened_ends_like_one_that_was_longer_from_the_start(tmp_path):
    for name, steps in (("longer", 8), ("run", 4)):
        cfg = config(tmp_path / name, *FEW, *CONSTANT, f"data.steps={steps}")
        assert wait(fork(partial(experiment.train, cfg))) == 0
    answer = command(resume.resume, tmp_path, "run=run", "data.steps=8")
    assert answer.code == 0, answer
    assert state(tmp_path / "run") == state(tmp_path / "longer")


def jumping(module, step):
    """Let a clock jump by as much at each call, to and fro."""
    former, calls = module.time, []

    def jump():
        calls.append(1)
        return former() + step * (-1) ** len(calls)

    module.time = jump


@pytest.mark.slow
def test_a_clock_that_jumps_changes_nothing(tmp_path):
    words = (*FEW, "data.steps=8", "callbacks=default", "callbacks.panels.images=1")
    expected = config(tmp_path / "steady", *words)
    assert wait(fork(lambda: experiment.train(expected))) == 0
    jumps = config(tmp_path / "jumps", *words)
    seconds = timedelta(days=400).total_seconds()
    assert wait(fork(lambda: (jumping(time, seconds), experiment.train(jumps)))) == 0
    assert state(tmp_path / "jumps") == state(tmp_path / "steady")
    assert facts(tmp_path / "jumps")["state"] == "finished"


def every(part, change):
    """Changes all images or labels that a run is trained on."""

    def act(root):
        for file in sorted((root / "train" / part).iterdir()):
            change(file)

    return act


def replace(file, array):
    """As editors do: a new file takes the place of the old one."""
    beside = file.with_name("new.png")
    assert cv2.imwrite(str(beside), array)
    beside.replace(file)


CHANGES = {
    "removed": (every("images", Path.unlink), "train/images/"),
    "cut short": (every("images", lambda f: f.write_bytes(f.read_bytes()[:200])), "train/images/"),
    "emptied": (every("labels", lambda f: f.write_bytes(b"")), "train/labels/"),
    "moved": (lambda root: root.rename(root.with_name("elsewhere")), "train/"),
    "of another size": (
        every("labels", lambda f: replace(f, np.zeros((9, 9), np.uint8))),
        "train/labels/",
    ),
    "of another meaning": (
        every("labels", lambda f: replace(f, np.full((48, 64), 9, np.uint8))),
        "train/labels/",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("workers", [0, 1])
@pytest.mark.parametrize("name", CHANGES)
def test_data_that_change_under_a_training_end_it_with_the_file(tmp_path, name, workers):
    write(tmp_path / "set")
    change, file = CHANGES[name]
    words = [word for word in LONG if not word.startswith(("data=", "data.module"))]
    data = ("data=folder", "data.crop=[32,32]", "data.scale=[64,48]", "data.pretrained=false")
    where = (f"data.root={tmp_path / 'set'}", "data.num_classes=3", f"data.num_workers={workers}")
    answer = begun(tmp_path, *words, *data, *where, then=lambda run: change(tmp_path / "set"))
    assert answer.code == 1, answer
    first, *others = answer.err.splitlines()
    assert file in first
    assert "Unexpected error" not in answer.err
    assert others[-1].startswith("resume with: python scripts/resume.py run=")
    assert facts(tmp_path / "run")["state"] == "failed"
