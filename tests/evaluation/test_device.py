"""Devices that the machine does not have are refused by name."""

import pytest
import torch
from commands import command
from omegaconf import OmegaConf

from segadapt.cli.cache_features import cache_features
from segadapt.cli.evaluate import evaluate
from segadapt.evaluation.device import chosen_device
from segadapt.runs.reader import Run


def cards(monkeypatch, count):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: count > 0)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: count)


@pytest.mark.parametrize(
    ("count", "device", "chosen"),
    [
        (0, "auto", "cpu"),
        (2, "auto", "cuda"),
        (2, "cpu", "cpu"),
        (2, "cuda", "cuda"),
        (2, "cuda:1", "cuda:1"),
    ],
)
def test_a_device_that_is_there_is_taken(monkeypatch, count, device, chosen):
    cards(monkeypatch, count)
    assert chosen_device(device) == chosen


@pytest.mark.parametrize(
    ("count", "device", "said"),
    [
        (0, "cuda", "device=cuda, but torch finds no GPU; set device=cpu or device=auto"),
        (0, "cuda:0", "device=cuda:0, but torch finds no GPU; set device=cpu or device=auto"),
        (
            2,
            "cuda:2",
            r"device=cuda:2, but torch finds 2 GPU\(s\), counted from 0; "
            "set device=cuda:1 at most",
        ),
        (0, "tpu9", r"Unknown device 'tpu9'\. Available: auto, cpu, mps, cuda, cuda:NUMBER\."),
        (0, "mps", "device=mps, but torch finds no Apple GPU; set device=cpu or device=auto"),
    ],
)
def test_a_device_that_is_not_there_is_refused(monkeypatch, count, device, said):
    cards(monkeypatch, count)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    with pytest.raises(ValueError, match=f"^{said}$"):
        chosen_device(device)


def test_an_apple_gpu_is_refused_where_results_are_measured(tmp_path, monkeypatch):
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    run = Run(tmp_path, OmegaConf.create(), "finished", tmp_path / "none")
    monkeypatch.setattr("segadapt.cli.hydra_command.read_trained_run", lambda cfg: run)
    answer = command(evaluate, tmp_path, "run=none", "device=mps")
    assert answer.code == 1
    assert answer.err == (
        "error: device=mps: confidences are summed in double precision, which Apple GPUs do not "
        "have; set device=cpu\n"
    )


@pytest.mark.parametrize("entry", [evaluate, cache_features])
def test_both_commands_say_so_before_they_build_anything(tmp_path, monkeypatch, entry):
    cards(monkeypatch, 1)
    run = Run(tmp_path, OmegaConf.create(), "finished", tmp_path / "none")
    monkeypatch.setattr("segadapt.cli.hydra_command.read_trained_run", lambda cfg: run)
    answer = command(entry, tmp_path, "run=none", "device=cuda:7")
    assert answer.code == 1
    assert answer.err == (
        "error: device=cuda:7, but torch finds 1 GPU(s), counted from 0; "
        "set device=cuda:0 at most\n"
    )
