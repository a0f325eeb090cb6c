"""Signals in every phase of a run and of a sweep: an interruption, resumed to the same end."""

import json
import os
import pty
import re
import select
import signal
import sys
import time
from pathlib import Path

import pytest
from commands import command
from runs import SMALL, config, fork, state, wait

from segadapt import experiment
from segadapt.cli import hydra_command, resume, train
from segadapt.runs.folder import update_state
from segadapt.training.callbacks.seeding import Seeding

FEW = (*SMALL, "classifier=fixed", "data.batch_size=2", "data.eval_every=4", "checkpoint_every=2")
LONG = ("data.steps=100000", "data.eval_every=100000")
TWO = ("trainer=ddp", "trainer.accelerator=cpu", "trainer.devices=2")


def facts(folder):
    return json.loads((folder / "run.json").read_text())


def stub(monkeypatch, fit):
    """Let a command train by a function of the test; commands are forked, and take it along."""
    monkeypatch.setattr(hydra_command, "fit_run", fit)


def finish(cfg):
    update_state(Path(cfg.paths.run), metrics={"val/miou": 0.5})
    return {}


def stopped_by(*numbers):
    def fit(_):
        for number in numbers:
            os.kill(os.getpid(), number)
        raise AssertionError("a signal was not heard")

    return fit


@pytest.mark.parametrize(
    "number",
    [signal.SIGINT, signal.SIGTERM, pytest.param(signal.SIGHUP, marks=pytest.mark.slow)],
)
def test_a_signal_before_the_first_step_is_an_interruption(tmp_path, monkeypatch, number):
    stub(monkeypatch, stopped_by(number))
    answer = command(train.train, tmp_path, *FEW, "hydra.run.dir=run")
    assert answer.code == 128 + number
    assert answer.err == (
        f"interrupted; resume with: python scripts/resume.py run={tmp_path}/run\n"
    )
    assert facts(tmp_path / "run")["state"] == "interrupted"
    assert not (tmp_path / "run" / "error.txt").exists()
    stub(monkeypatch, finish)
    assert command(resume.resume, tmp_path, "run=run").code == 0
    assert facts(tmp_path / "run")["state"] == "finished"


@pytest.mark.parametrize(
    "number",
    [
        signal.SIGINT,
        pytest.param(signal.SIGTERM, marks=pytest.mark.slow),
        pytest.param(signal.SIGHUP, marks=pytest.mark.slow),
    ],
)
def test_a_signal_to_a_sweep_uses_up_no_retry_and_starts_no_trial(tmp_path, monkeypatch, number):
    words = ("-m", *FEW, "seed=0,1", "hydra.sweep.dir=sweep", "hydra.sweeper.retries=0")
    stub(monkeypatch, stopped_by(number))
    answer = command(train.train, tmp_path, *words)
    assert answer.code == 128 + number
    again = "interrupted; resume with: the same command with hydra.sweep.dir=sweep\n"
    assert answer.err == again
    assert facts(tmp_path / "sweep" / "0")["failures"] == []
    assert not (tmp_path / "sweep" / "1").exists()
    stub(monkeypatch, finish)
    assert command(train.train, tmp_path, *words).code == 0
    assert [facts(tmp_path / "sweep" / str(n))["starts"] for n in range(2)] == [2, 1]


def running(folder, *words):
    """The id of a process that trains, once it has made some steps."""

    def act():
        folder.mkdir()
        os.chdir(folder)
        sys.stderr = Path("err").open("w")  # noqa: SIM115 # the process ends with it
        sys.argv = ["train.py", *FEW, *LONG, *words, "hydra.run.dir=run"]
        try:
            train.train()
        except SystemExit as end:
            sys.stderr.flush()
            os._exit(end.code)

    pid = fork(act)
    rows, end = folder / "run" / "metrics.csv", time.monotonic() + 120
    while not (rows.is_file() and len(rows.read_text().splitlines()) > 4):
        assert time.monotonic() < end, "no step within two minutes"
        time.sleep(0.02)
    return pid


def interrupted_twice(folder, *words):
    """The sentence of a training that was asked to stop twice, from the keyboard."""
    pid = running(folder, *words)
    for _ in range(2):
        os.kill(pid, signal.SIGINT)
    assert wait(pid, 60) == 128 + signal.SIGINT
    assert facts(folder / "run")["state"] == "interrupted"
    assert facts(folder / "run")["failures"] == []
    assert not (folder / "run" / "error.txt").exists()
    return (folder / "err").read_text()


def test_ctrl_c_twice_stops_a_run_at_once_or_once_it_has_saved(tmp_path):
    said = interrupted_twice(tmp_path / "one")
    assert re.fullmatch(r"interrupted( at step \d+)?; resume with: .*resume\.py run=.*\n", said)


@pytest.mark.slow  # each rank imports torch
def test_ctrl_c_twice_with_several_ranks_is_an_interruption(tmp_path):
    said = interrupted_twice(tmp_path / "two", *TWO)
    assert re.fullmatch(r"interrupted; resume with: .*resume\.py run=.*\n", said)


@pytest.mark.slow
@pytest.mark.parametrize("words", [(), TWO], ids=["one", "two ranks"])
def test_a_terminal_that_is_closed_ends_a_run_in_order(tmp_path, words):
    pid, terminal = pty.fork()
    if not pid:
        try:
            os.chdir(tmp_path)
            bar = ("callbacks=default", "callbacks.panels.images=1")
            sys.argv = ["train.py", *FEW, *LONG, *words, *bar, "hydra.run.dir=run"]
            sys.stdout, sys.stderr = os.fdopen(1, "w"), os.fdopen(2, "w")
            train.train()
        except SystemExit as stop:
            os._exit(stop.code)
        finally:
            os._exit(70)
    rows, end = tmp_path / "run" / "metrics.csv", time.monotonic() + 120
    while not (rows.is_file() and len(rows.read_text().splitlines()) > 4):
        assert time.monotonic() < end, "no step within two minutes"
        if select.select([terminal], [], [], 0.02)[0]:
            os.read(terminal, 65536)
    os.close(terminal)
    assert wait(pid, 60) == 128 + signal.SIGHUP
    assert facts(tmp_path / "run")["state"] == "interrupted"
    assert facts(tmp_path / "run")["failures"] == []


PHASES = (
    "setup",
    "on_fit_start",
    "on_train_start",
    "on_train_batch_start",
    "on_train_batch_end",
    "on_before_optimizer_step",
    "on_validation_start",
    "on_validation_batch_end",
    "on_validation_end",
    "on_save_checkpoint",
    "on_train_end",
    "on_fit_end",
    "teardown",
)
"""Hooks of Lightning, in each of which a signal comes."""

CHEAP = {
    "on_validation_start": signal.SIGTERM,
    "on_save_checkpoint": signal.SIGHUP,
}
"""By default."""


def signalled(phase, number):
    """Train, with signals to this process itself in a phase, the second time it is reached."""

    def act(cfg):
        seen = []

        def hook(*_, **__):
            seen.append(phase)
            if len(seen) == (1 if phase in FIRST else 2):
                os.kill(os.getpid(), number)

        former = getattr(Seeding, phase)
        setattr(Seeding, phase, lambda *a, **k: (hook(), former(*a, **k))[1])
        experiment.train(cfg)

    return act


FIRST = ("setup", "on_fit_start", "on_train_start", "on_train_end", "on_fit_end", "teardown")
"""Hooks that are called once in a run."""


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """What the run learns that is left alone."""
    folder = tmp_path_factory.mktemp("whole")
    cfg = config(folder, *FEW, "data.steps=8")
    assert wait(fork(lambda: experiment.train(cfg))) == 0
    return state(folder)


@pytest.mark.parametrize(
    ("phase", "number"),
    [
        pytest.param(phase, number, marks=() if CHEAP.get(phase) == number else pytest.mark.slow)
        for phase in PHASES
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    ],
)
def test_a_signal_in_any_phase_leads_to_the_same_end(tmp_path, whole, phase, number):
    cfg = config(tmp_path, *FEW, "data.steps=8")
    code = wait(fork(lambda: signalled(phase, number)(cfg)))
    found = facts(tmp_path)
    assert (code, found["state"]) in [(128 + number, "interrupted"), (0, "finished")]
    assert found["failures"] == []
    assert not (tmp_path / "error.txt").exists()
    if code:
        assert wait(fork(lambda: experiment.train(cfg))) == 0
    else:
        assert phase in ("on_train_batch_end", "on_train_end", *PHASES[6:])  # of the last step
    assert facts(tmp_path)["state"] == "finished"
    assert state(tmp_path) == whole
