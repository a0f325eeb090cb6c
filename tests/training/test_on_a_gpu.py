"""Trainings on a GPU: every classifier, exact resume, evaluation beside the CPU, two processes."""

import csv
import json
import math
import signal
import time

import gpu_commands as gpu
import pytest
import torch
from runs import state
from two_on_one_card import together

pytestmark = pytest.mark.gpu


def rows(folder):
    with (folder / "metrics.csv").open(newline="") as lines:
        return list(csv.DictReader(lines))


@pytest.mark.parametrize("classifier", ["fixed", "cac", "ssa", "protoseg", "gmmseg", "dnc"])
def test_every_classifier_trains(tmp_path, classifier):
    steps = ["data.steps=20", "data.eval_every=10", "trainer.log_every_n_steps=1"]
    gpu.run("train.py", *gpu.training(tmp_path / "run", f"classifier={classifier}", *steps))
    losses = [float(row["train/loss"]) for row in rows(tmp_path / "run") if row["train/loss"]]
    assert len(losses) == 20
    assert all(map(math.isfinite, losses))
    assert sum(losses[-5:]) < sum(losses[:5])


@pytest.mark.parametrize("classifier", ["cac", "ssa"])
def test_a_killed_run_ends_bit_equal(tmp_path, classifier):
    words = [
        f"classifier={classifier}",
        "trainer.deterministic=true",
        "data.steps=200",
        "data.eval_every=100",
        "checkpoint_every=20",
        "trainer.log_every_n_steps=1",
    ]
    gpu.run("train.py", *gpu.training(tmp_path / "whole", *words))
    folder = tmp_path / "killed"
    process = gpu.command("train.py", *gpu.training(folder, *words))
    while not (folder / "checkpoints" / "last.ckpt").is_file():
        assert process.poll() is None, "it ended before its first checkpoint"
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    gpu.run("scripts/resume.py", f"run={folder}")
    assert state(folder) == state(tmp_path / "whole")
    assert [row["train/loss"] for row in rows(folder)] == [
        row["train/loss"] for row in rows(tmp_path / "whole")
    ]


def test_an_evaluation_is_that_of_the_cpu(tmp_path):
    folder = tmp_path / "run"
    gpu.run("train.py", *gpu.training(folder, "classifier=ssa", "data.steps=20"))
    values = []
    for device in (str(gpu.DEVICE), "cpu"):
        gpu.run("scripts/evaluate.py", f"run={folder}", f"device={device}", "precision=32-true")
        report = json.loads((folder / "evaluation" / "whole-last.json").read_text())
        values.append([branch["accuracy"] for branch in report["results"].values()])
    assert values[0] == pytest.approx(values[1], abs=1e-3)


def test_two_processes_on_one_card_learn_what_one_learns():
    alone, (first, second) = together(1)[0], together(2)
    for name, weight in alone.items():
        assert first[name].equal(second[name])
        torch.testing.assert_close(first[name], weight, rtol=1e-3, atol=1e-4)
