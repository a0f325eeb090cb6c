"""A training resumes from checkpoints of its own run, those of older versions among them."""

import json
import shutil

import pytest
from runs import config

import segadapt
from segadapt.experiment import fit, train
from segadapt.runs.checkpoint import read, write
from segadapt.runs.folder import RunFolder, update_state
from segadapt.runs.reader import read_facts
from segadapt.runs.resumption import checked_config
from segadapt.runs.trust import check

SHORT = ("classifier=fixed", "data.steps=2", "data.batch_size=2", "data.eval_every=2")


def older(content):
    """A checkpoint as older versions wrote it."""
    callbacks = {name: {"best": state["best"]} for name, state in content["callbacks"].items()}
    kept = {name: value for name, value in content.items() if name not in ("run", "tensors")}
    return {**kept, "callbacks": callbacks}


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A training's folder, with a checkpoint after each of its two steps."""
    folder = tmp_path_factory.mktemp("trained")
    train(config(folder, *SHORT, "checkpoint_every=1"))
    return folder


def resumed(folder, trained, *changes, rewrite=dict):
    """Train in a folder that holds the checkpoint of another folder's first step."""
    cfg = config(folder, *SHORT, *changes)
    RunFolder.start(folder, cfg, []).close()
    content = rewrite(read(trained / "checkpoints" / "previous.ckpt"))
    write(content, folder / "checkpoints" / "last.ckpt")
    return train(cfg)


def test_the_checkpoint_of_another_seed_is_refused(tmp_path, trained):
    with pytest.raises(ValueError, match=r"belongs to another run: seed is 0 there and 1 here"):
        resumed(tmp_path, trained, "seed=1")
    assert read(tmp_path / "checkpoints" / "last.ckpt")["global_step"] == 1


@pytest.mark.parametrize("change", ["data.num_classes=4", "classifier=cac"])
def test_an_older_checkpoint_of_another_network_is_refused(tmp_path, trained, change):
    with pytest.raises(ValueError, match=r"last.ckpt belongs to another network .* weights differ"):
        resumed(tmp_path, trained, change, rewrite=older)


def test_an_older_checkpoint_is_resumed_to_the_same_end(tmp_path, trained):
    assert resumed(tmp_path, trained, rewrite=older) == train_metrics(trained)
    ours, theirs = (read(folder / "checkpoints" / "last.ckpt") for folder in (tmp_path, trained))
    for name, value in ours["state_dict"].items():
        assert value.equal(theirs["state_dict"][name]), name
    assert ours["run"]["config"] == theirs["run"]["config"]
    assert ours["run"]["id"] != theirs["run"]["id"]


def train_metrics(folder):
    return json.loads((folder / "run.json").read_text())["metrics"]


def test_a_run_without_its_last_checkpoint_resumes_from_the_one_before(tmp_path, trained, caplog):
    shutil.copytree(trained, tmp_path / "run")
    update_state(tmp_path / "run", state="running")
    (tmp_path / "run" / "checkpoints" / "last.ckpt").unlink()
    assert train(config(tmp_path / "run", *SHORT)) == train_metrics(trained)
    assert "resuming from" in caplog.text


def test_a_lengthened_run_resumes_from_its_checkpoint(tmp_path):
    train(config(tmp_path, *SHORT, "schedule.power=0", "schedule.warmup=0"))
    cfg = session_of(tmp_path, 3)
    assert cfg.data.steps == 3
    fit(cfg)
    content = read(tmp_path / "checkpoints" / "last.ckpt")
    assert content["global_step"] == 3
    previous = read(tmp_path / "checkpoints" / "previous.ckpt")
    assert (previous["global_step"], previous["run"]) == (2, content["run"])


def session_of(folder, steps):
    held, cfg = RunFolder.resume(folder, checked_config(folder, check), steps)
    held.close()
    return cfg


def test_a_training_keeps_its_class_names_for_those_who_load_its_network(trained):
    names = [f"class_{k}" for k in range(5)]
    assert read_facts(trained)["classes"] == names
    assert segadapt.load(trained, device="cpu").classes == tuple(names)
