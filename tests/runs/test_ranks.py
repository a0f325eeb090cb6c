"""How many processes a run may have on this machine."""

import os

import pytest
from omegaconf import OmegaConf

from segadapt.runs.ranks import check_devices


def trainer(accelerator, devices, nodes=1):
    return OmegaConf.create({"accelerator": accelerator, "devices": devices, "num_nodes": nodes})


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
        check_devices(trainer(accelerator, devices), "again", {})
    check_devices(
        trainer(accelerator, devices), "again", {"LOCAL_RANK": "0"}
    )  # torchrun's own matter


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
    check_devices(trainer(accelerator, devices), "again", {})


TORCHRUN = {"LOCAL_RANK": "0", "RANK": "0", "WORLD_SIZE": "4"}
SRUN = {"SLURM_PROCID": "0", "SLURM_NTASKS": "4", "SLURM_NNODES": "2"}


@pytest.mark.parametrize(
    ("devices", "nodes", "environment", "said"),
    [
        (1, 1, TORCHRUN, r"WORLD_SIZE=4, .* start 1, or .* trainer=ddp trainer.devices=4$"),
        (2, 1, {**TORCHRUN, "LOCAL_WORLD_SIZE": "2"}, "trainer.devices=2 trainer.num_nodes=2$"),
        (4, 2, TORCHRUN, "a run of 8 process.*; start 8, or"),
        (1, 1, SRUN, "SLURM_NTASKS=4, .*trainer=ddp trainer.devices=2 trainer.num_nodes=2$"),
        (1, 1, {**SRUN, **TORCHRUN, "WORLD_SIZE": "3"}, "WORLD_SIZE=3"),
    ],
)
def test_another_number_of_launched_processes_is_refused(devices, nodes, environment, said):
    with pytest.raises(ValueError, match=said):
        check_devices(trainer("cpu", devices, nodes), "again", environment)


@pytest.mark.parametrize(
    ("devices", "nodes", "environment"),
    [
        (4, 1, TORCHRUN),
        (2, 2, SRUN),
        (1, 1, {**TORCHRUN, "WORLD_SIZE": "1"}),
        (1, 1, {"WORLD_SIZE": "4"}),  # left over by something that is no launcher of this process
        (1, 1, {"SLURM_PROCID": "0", "SLURM_NTASKS": "1"}),
    ],
)
def test_as_many_launched_processes_as_the_trainer_has_pass(devices, nodes, environment):
    check_devices(trainer("cpu", devices, nodes), "again", environment)


def test_several_machines_need_a_launcher():
    with pytest.raises(
        ValueError,
        match=r"num_nodes=3, .*start them with: srun --nodes=3 --ntasks-per-node=2 again$",
    ):
        check_devices(trainer("cpu", 2, 3), "again", {})
