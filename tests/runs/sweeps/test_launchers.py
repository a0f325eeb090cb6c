"""Launchers of others, where they are installed."""

import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from commands import command
from hydra import compose, initialize_config_dir
from runs import SMALL

from segadapt.cli.hydra_command import CONF
from segadapt.cli.train import train

PLUGINS = {"joblib": "hydra_joblib_launcher", "slurm": "hydra_submitit_launcher"}


def installed(name):
    try:
        return importlib.util.find_spec(f"hydra_plugins.{PLUGINS[name]}") is not None
    except ModuleNotFoundError:
        return False


@pytest.mark.parametrize("name", PLUGINS)
def test_a_launcher_that_is_missing_says_what_to_install(tmp_path, name):
    if installed(name):
        pytest.skip(f"{PLUGINS[name]} is installed")
    answer = command(train, tmp_path, "-m", f"sweep={name}", "seed=0,1")
    assert answer.code == 1
    assert answer.err.endswith(f"pip install {PLUGINS[name].replace('_', '-')}\n")


@pytest.mark.parametrize("name", PLUGINS)
def test_a_launcher_composes(name):
    if not installed(name):
        pytest.skip(f"{PLUGINS[name]} is not installed")
    with initialize_config_dir(version_base="1.3", config_dir=str(CONF)):
        cfg = compose("train", [f"sweep={name}"], return_hydra_config=True)
    assert cfg.hydra.mode.name == "MULTIRUN"
    assert PLUGINS[name] in cfg.hydra.launcher._target_
    assert cfg.hydra.sweeper._target_.endswith("GridSweeper")


@pytest.mark.slow  # two processes import torch
def test_joblib_trains_side_by_side_in_a_folder_that_can_be_started_again(tmp_path):
    if not installed("joblib"):
        pytest.skip("hydra-joblib-launcher is not installed")
    words = (*SMALL, "classifier=fixed", "data.steps=2", "seed=0,1", "sweep=joblib")
    script = str(Path(__file__).parents[3] / "train.py")
    typed = [sys.executable, script, *words, "hydra.sweep.dir=sweep"]
    for _ in range(2):  # not forked from here: what checks annotations in tests is not sent along
        answer = subprocess.run(typed, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert answer.returncode == 0, answer
    told = json.loads((tmp_path / "sweep" / "sweep.json").read_text())["trials"]
    assert [trial["state"] for trial in told] == ["finished", "finished"]
    starts = [json.loads((tmp_path / f"sweep/{n}/run.json").read_text()) for n in (0, 1)]
    assert [run["starts"] for run in starts] == [1, 1]
    assert len({run["pid"] for run in starts}) == 2


@pytest.mark.slow
def test_joblib_trains_with_loader_processes_in_the_default_folder(tmp_path):
    """As docs/how-to/sweeps.md types it: no folder is named, and digits has a loader process."""
    if not installed("joblib"):
        pytest.skip("hydra-joblib-launcher is not installed")
    script = str(Path(__file__).parents[3] / "train.py")
    words = [*SMALL, "data.num_workers=1", "classifier=fixed", "data.steps=2", "seed=0,1"]
    typed = [sys.executable, script, *words, "sweep=joblib"]
    answer = subprocess.run(typed, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer
    (sweep,) = (tmp_path / "runs" / "sweeps").glob("*/*")
    told = json.loads((sweep / "sweep.json").read_text())["trials"]
    assert [trial["state"] for trial in told] == ["finished", "finished"]


@pytest.mark.slow  # submitit counts in minutes
def test_a_job_at_its_time_limit_saves_and_is_queued_again(tmp_path):
    if not installed("slurm"):
        pytest.skip("hydra-submitit-launcher is not installed")
    script = str(Path(__file__).parents[3] / "train.py")
    words = [*SMALL, "classifier=fixed", "trainer=cpu", "data.steps=1000000", "seed=0"]
    words += ["checkpoint_every=1000000", "data.eval_every=1000000", "hydra.sweep.dir=sweep"]
    # The signal comes 30 s before the limit; a busy machine needs a minute until the first step.
    local = ["hydra/launcher=submitit_local", "hydra.launcher.timeout_min=2"]
    typed = [sys.executable, script, "-m", *words, *local]
    answer = subprocess.run(typed, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert answer.returncode == 1
    assert (
        "a scheduler job ended before its trial finished (Job not requeued because: timed-out"
        in answer.stdout
    )
    assert "1 of 1 trials have no value: 0 (interrupted)" in answer.stderr
    assert "Traceback" not in answer.stdout + answer.stderr
    trial = tmp_path / "sweep" / "0"
    facts = json.loads((trial / "run.json").read_text())
    assert facts["state"] in ("interrupted", "running")  # the second where it was killed meanwhile
    assert facts["starts"] == 4
    log = next((tmp_path / "sweep").rglob("*_log.err")).read_text()
    stops = [int(step) for step in re.findall(r"interrupted at step (\d+)", log)]
    assert stops == sorted(set(stops))  # each start went on from where the last one had saved
    assert len(stops) == 4
    assert (trial / "checkpoints" / "last.ckpt").is_file()
