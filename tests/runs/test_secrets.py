"""No file that a run leaves holds a secret, whatever became of the run."""

import json

import pytest
from omegaconf import OmegaConf, open_dict
from runs import config, fork, wait

from segadapt.experiment import train
from segadapt.runs import redaction, session
from segadapt.runs.sweeps.folder import SweepFolder
from segadapt.runs.sweeps.trial import FAILED, Trial, TrialStatus
from segadapt.runs.trust import check

PASSWORD, LOGIN, TOKEN = "c4nary-password", "c4nary-login", "c4nary-of-the-environment"


@pytest.fixture(autouse=True)
def _environment(monkeypatch):
    monkeypatch.setattr(redaction, "_known", set())
    monkeypatch.setenv("MY_TOKEN", TOKEN)


def secretive(cfg, folder):
    """A config with a secret of each kind."""
    with open_dict(cfg):
        cfg.paths = {**(cfg.get("paths") or {}), "run": str(folder)}
        cfg.my_password = PASSWORD
        cfg.address = f"https://user:{LOGIN}@host/data"
        cfg.made = "of ${my_password} and ${address}"
        cfg.token = "${oc.env:MY_TOKEN}"
    return cfg


WORDS = [f"+my_password={PASSWORD}", f"+address='https://user:{LOGIN}@host/data'", "seed=0"]


def holding(folder):
    """Files below a folder that hold a secret; W&B writes its own without compression."""
    secrets = [secret.encode() for secret in (PASSWORD, LOGIN, TOKEN)]
    files = [file for file in folder.rglob("*") if file.is_file()]
    assert files
    return [file for file in files if any(s in file.read_bytes() for s in secrets)]


def made(folder):
    base = {"seed": 0, "trainer": {"devices": 1, "accelerator": "cpu"}}
    return secretive(OmegaConf.create(base), folder)


def fail(cfg):
    try:
        raise OSError(f"{cfg.token} and {cfg.my_password} do not open {cfg.address}")
    except OSError as error:
        raise ValueError(f"no data at {cfg.address}: {cfg.made}") from error


def test_a_run_that_failed_quotes_no_secret(tmp_path):
    with pytest.raises(ValueError, match="no data"):
        session.start(made(tmp_path), WORDS, fail)
    assert {"config.yaml", "overrides.yaml", "run.json", "error.txt"} <= {
        file.name for file in tmp_path.iterdir()
    }
    assert holding(tmp_path) == []
    assert (
        "no data at https://<hidden>@host/data"
        in json.loads((tmp_path / "run.json").read_text())["cause"]
    )


def test_a_run_goes_on_with_the_secrets_that_are_given_again(tmp_path):
    cfg, seen = made(tmp_path), []
    with pytest.raises(ValueError, match="no data"):
        session.start(cfg, WORDS, fail)
    with pytest.raises(ValueError, match=r"'\+my_password=VALUE' '\+address=VALUE'"):
        session.resume(tmp_path, check, seen.append)
    given = {"my_password": PASSWORD, "address": cfg.address}
    with pytest.raises(ValueError, match=r"env=\[MY_TOKEN\]"):
        session.resume(tmp_path, check, seen.append, None, given)
    with pytest.raises(ValueError, match="no data"):
        session.resume(tmp_path, check, fail, None, given, ["MY_TOKEN"])
    with pytest.raises(KeyError):  # metrics, which this leaves out
        session.resume(tmp_path, check, seen.append, None, given, ["MY_TOKEN"])
    expected = OmegaConf.to_container(cfg, resolve=True)
    assert OmegaConf.to_container(seen[0]) == expected
    assert holding(tmp_path) == []


def test_the_same_command_goes_on_with_its_run(tmp_path):
    for _ in range(2):
        with pytest.raises(ValueError, match="no data"):
            session.start(made(tmp_path), WORDS, fail)
    assert json.loads((tmp_path / "run.json").read_text())["starts"] == 2
    assert not (tmp_path / "attempts").exists()


def test_a_sweep_keeps_no_secret(tmp_path):
    rows = [
        (
            Trial(0, (*WORDS, "seed=1"), tmp_path / "0", "val/miou"),
            TrialStatus("new", None, {}, ()),
        ),
        (
            Trial(1, (*WORDS, "seed=2"), tmp_path / "1", "val/miou"),
            TrialStatus(FAILED, None, {}, ("x",)),
        ),
    ]
    with SweepFolder(tmp_path) as folder:
        folder.record(rows)
    assert holding(tmp_path) == []
    assert "<hidden my_password>" in (tmp_path / "sweep.csv").read_text()


@pytest.mark.slow
def test_a_training_with_a_tracker_leaves_no_secret(tmp_path, monkeypatch):
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_API_KEY", "c4nary-password-of-wandb")

    def trained():
        cfg = config(tmp_path, "logger=wandb", "logger.mode=offline", "data.steps=2")
        return train(secretive(cfg, tmp_path))

    assert wait(fork(trained)) == 0
    assert list(tmp_path.glob("wandb/offline-run-*"))
    assert (tmp_path / "checkpoints" / "last.ckpt").is_file()
    assert holding(tmp_path) == []


@pytest.mark.slow
def test_ranks_are_told_the_secrets_that_their_folder_does_not_keep(tmp_path):
    def trained():
        cfg = config(tmp_path, "trainer=ddp", "trainer.accelerator=cpu", "trainer.devices=2")
        cfg.data.steps = 2
        secretive(cfg, tmp_path)
        with open_dict(cfg):
            cfg.data.module.val.length = "${oc.decode:${oc.env:VAL_LENGTH}}"
        return train(cfg)

    assert wait(fork(trained, {"VAL_LENGTH": "3"})) == 0
    assert holding(tmp_path) == []
    assert "${oc.env:VAL_LENGTH}" in (tmp_path / "config.yaml").read_text()
