"""Training steps through torch.compile: checked at the start, and nothing of it on the disk."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from runs import SMALL, state
from steps import own, scaled, small_batch, small_task
from unchecked import run_unchecked

from segadapt.training import gradient_check
from segadapt.training.compiled import MODES, CompiledHalves, check_mode

ROOT = Path(__file__).resolve().parents[2]
PROBE = Path(__file__).with_name("compiled_probe.py")


@pytest.fixture
def task():
    return small_task()


@pytest.fixture
def batch():
    return small_batch()


def test_a_wrong_gradient_ends_the_training_in_a_sentence(task, batch, monkeypatch):
    halves = CompiledHalves(task.model, "default")
    monkeypatch.setattr(
        CompiledHalves, "__call__", lambda _, *inputs: scaled(own(task), 2)(*inputs)
    )
    with pytest.raises(ValueError, match=r"trainer.compile=default: torch .* wrong gradients") as e:
        halves.checked(task.objective, batch)
    assert "tensors differ from double precision, " in str(e.value)
    assert "Set trainer.compile=null" in str(e.value)


def test_a_wrong_gradient_on_another_rank_ends_this_one_too(task, batch, monkeypatch):
    halves = CompiledHalves(task.model, "default")
    monkeypatch.setattr(CompiledHalves, "__call__", lambda _, *inputs: own(task)(*inputs))
    monkeypatch.setattr(gradient_check, "max_over_ranks", lambda own: torch.full_like(own, 2))
    with pytest.raises(ValueError, match="wrong gradients"):
        halves.checked(task.objective, batch)


def test_gradients_are_checked_once(task, batch, monkeypatch):
    halves, calls = CompiledHalves(task.model, "default"), []
    forward = own(task)
    monkeypatch.setattr(
        CompiledHalves, "__call__", lambda _, *inputs: calls.append(1) or forward(*inputs)
    )
    for _ in range(3):
        assert halves.checked(task.objective, batch) is halves
    assert len(calls) == 1


def test_what_is_compiled_is_no_part_of_the_task(task):
    names = list(task.state_dict())
    task.compiled = CompiledHalves(task.model, "max-autotune")
    assert list(task.state_dict()) == names


def test_bit_identical_runs_on_a_gpu_are_refused():
    for mode in MODES:
        check_mode(mode, deterministic=True, gpu=False)
        check_mode(mode, deterministic=False, gpu=True)
        with pytest.raises(ValueError, match=f"trainer.compile={mode} cannot keep trainer.det"):
            check_mode(mode, deterministic=True, gpu=True)


@pytest.mark.slow
def test_compiled_trainings_are_saved_resumed_and_ended_as_eager_ones():
    assert run_unchecked(PROBE, "trainings") == [
        *("compiled_is_eager", "interrupted_is_whole", "failing_is_told")
    ]


@pytest.mark.slow
def test_what_this_version_of_torch_compiles_wrong_is_caught():
    assert run_unchecked(PROBE, "wrong") == ["wrong_is_caught"]


@pytest.mark.slow
def test_other_kinds_of_trainings_are_compiled_as_they_are_eager():
    assert run_unchecked(PROBE, "others")[-1] == "computes_blocks_twice"


@pytest.mark.slow
def test_two_compiled_ranks_learn_what_one_process_learns():
    assert run_unchecked(PROBE, "ranks")[-1] == "ranks_are_one"


class Command:
    """``python train.py`` in a run folder, with a cache of compiled kernels of its own."""

    def __init__(self, folder):
        self.folder = folder
        cache = {"TORCHINDUCTOR_CACHE_DIR": f"{folder}.cache"}
        words = [*SMALL, "trainer.compile=default", "data.steps=40", "data.eval_every=20"]
        words += ["data.batch_size=2", "checkpoint_every=4", f"hydra.run.dir={folder}"]
        self.process = subprocess.Popen(
            [sys.executable, "train.py", *words],
            cwd=ROOT,
            env={**os.environ, **cache},
            stderr=subprocess.PIPE,
            text=True,
        )

    def end(self):
        _, said = self.process.communicate(timeout=900)
        assert self.process.returncode == 0, said

    def kill_once_saved(self):
        last, end = self.folder / "checkpoints" / "last.ckpt", time.monotonic() + 900
        while not last.is_file():
            assert time.monotonic() < end, "no checkpoint within 15 minutes"
            time.sleep(0.01)
        self.process.send_signal(signal.SIGKILL)
        self.process.communicate()
        assert self.process.returncode == -signal.SIGKILL


@pytest.mark.slow
def test_a_compiled_training_that_is_killed_and_resumed_ends_with_the_same_bits(tmp_path):
    Command(tmp_path / "whole").end()
    Command(tmp_path / "killed").kill_once_saved()
    Command(tmp_path / "killed").end()
    assert state(tmp_path / "killed") == state(tmp_path / "whole")
    tables = [(tmp_path / name / "metrics.csv").read_text() for name in ("whole", "killed")]
    assert tables[0] == tables[1]
    assert len(tables[0].splitlines()) == 41
