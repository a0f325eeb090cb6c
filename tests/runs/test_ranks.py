"""How many processes a run may have on this machine."""

import os

import pytest
from omegaconf import OmegaConf

from segadapt.runs.ranks import check_devices


def trainer(accelerator, devices):
    return OmegaConf.create({"accelerator": accelerator, "devices": devices})


@pytest.mark.parametrize(
    ("accelerator", "devices", "cards", "said"),
    [
        ("cpu", 3, 8, "trainer.devices=3, but this machine has 2 core"),
        ("auto", 99, 0, "trainer.devices=99, but this machine has 2 core"),
        ("auto", "3", 0, "trainer.devices=3, but this machine has 2 core"),
        ("auto", 3, 1, "trainer.devices=3, but torch finds 1 GPU"),
        ("gpu", 2, 0, "trainer.devices=2, but torch finds 0 GPU"),
        ("gpu", [0, 4], 4, r"trainer.devices=\[0, 4\] lists cards .* torch finds 4 GPU"),
        ("auto", [1], 1, r"trainer.devices=\[1\] lists cards .* torch finds 1 GPU"),
        ("cpu", [0], 4, r"trainer.devices=\[0\] lists cards .* trainer.accelerator=cpu"),
    ],
)
def test_more_processes_than_cores_or_cards_are_refused(
    monkeypatch, accelerator, devices, cards, said
):
    monkeypatch.setattr("segadapt.runs.ranks._gpus", lambda: cards)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    with pytest.raises(ValueError, match=said):
        check_devices(trainer(accelerator, devices), {})
    check_devices(trainer(accelerator, devices), {"LOCAL_RANK": "0"})  # torchrun's own matter


@pytest.mark.parametrize(
    ("accelerator", "devices", "cards"),
    [
        ("cpu", 2, 0),
        ("auto", 1, 0),
        ("auto", "auto", 0),
        ("auto", -1, 4),
        ("auto", 4, 4),
        ("gpu", [3, 1], 4),
    ],
)
def test_as_many_processes_as_there_are_pass(monkeypatch, accelerator, devices, cards):
    monkeypatch.setattr("segadapt.runs.ranks._gpus", lambda: cards)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    check_devices(trainer(accelerator, devices), {})
