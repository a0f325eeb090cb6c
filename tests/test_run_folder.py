"""One training in a folder, and what its run.json says."""

import json
import shutil

import pytest
from omegaconf import OmegaConf

from segadapt import session
from segadapt.failures import Interrupted
from segadapt.run_folder import RunFolder, complete, load_config, note

METRICS = {"val/miou": 0.5, "val/iou/sky": None}


def cfg(path, **changes):
    facts = {"paths": {"run": str(path)}, "trainer": {"devices": 1, "accelerator": "cpu"}}
    return OmegaConf.create({**facts, "seed": 0, "tau": "${seed}", **changes})


def said(path):
    return json.loads((path / "run.json").read_text())


def begin(path, **changes):
    return RunFolder.start(path, cfg(path, **changes), ["seed=0"])


def fit(config):
    """A training without the training."""
    from pathlib import Path

    note(Path(config.paths.run), metrics=METRICS)
    return {}


def test_a_run_begins_with_its_config_and_what_was_typed(tmp_path):
    begin(tmp_path / "run").close()
    assert OmegaConf.load(tmp_path / "run" / "config.yaml").tau == 0  # resolved
    assert OmegaConf.load(tmp_path / "run" / "overrides.yaml") == ["seed=0"]
    state = said(tmp_path / "run")
    assert (state["state"], state["starts"]) == ("running", 1)


def test_a_run_that_went_well_is_finished(tmp_path):
    metrics = session.start(cfg(tmp_path), [], fit)
    assert metrics["val/miou"] == 0.5
    assert metrics["val/iou/sky"] != metrics["val/iou/sky"]  # null in the file is nan
    assert said(tmp_path)["state"] == "finished"
    assert said(tmp_path)["metrics"] == METRICS


@pytest.mark.parametrize("error", [ValueError("label a.png holds 7"), IndexError("2")])
def test_a_run_that_did_not_is_failed_with_its_cause(tmp_path, error):
    def fault(_):
        raise error

    with pytest.raises(type(error)):
        session.start(cfg(tmp_path), [], fault)
    assert said(tmp_path)["state"] == "failed"
    assert str(error) in said(tmp_path)["cause"]
    assert "Traceback" in (tmp_path / "error.txt").read_text()


@pytest.mark.parametrize("stop", [Interrupted(15, 3), KeyboardInterrupt()])
def test_a_run_that_was_stopped_goes_on(tmp_path, stop):
    def stopped(_):
        raise stop

    with pytest.raises(type(stop)):
        session.start(cfg(tmp_path), [], stopped)
    assert said(tmp_path)["state"] == "running"
    session.start(cfg(tmp_path), [], fit)
    assert (said(tmp_path)["state"], said(tmp_path)["starts"]) == ("finished", 2)


def test_a_failed_run_may_be_tried_again(tmp_path):
    folder = begin(tmp_path)
    folder.fail("no room")
    folder.close()
    begin(tmp_path).close()
    assert said(tmp_path)["state"] == "running"
    assert "cause" not in said(tmp_path)


def test_two_processes_do_not_train_in_one_folder(tmp_path):
    held = begin(tmp_path)
    with pytest.raises(ValueError, match=r"process \d+ on .+ is training in .+; wait for it"):
        begin(tmp_path)
    held.close()
    begin(tmp_path).close()


@pytest.mark.parametrize(
    ("finished", "changes", "reason"),
    [
        (True, {}, "holds a finished run; nothing was changed"),
        (False, {"seed": 1}, r"another config \(seed was 0, now 1; tau was 0, now 1\)"),
    ],
)
def test_another_run_is_refused_and_the_folder_let_go(tmp_path, finished, changes, reason):
    folder = begin(tmp_path)
    if finished:
        folder.finish()
    folder.close()
    before = {file: file.read_bytes() for file in tmp_path.iterdir()}
    with pytest.raises(ValueError, match=reason):
        begin(tmp_path, **changes)
    assert {file: file.read_bytes() for file in tmp_path.iterdir()} == before
    RunFolder(tmp_path).close()  # nobody holds it


def test_a_moved_folder_is_resumed_where_it_lies_now(tmp_path):
    begin(tmp_path / "old", panels=str(tmp_path / "old" / "panels")).close()
    shutil.move(tmp_path / "old", tmp_path / "new")
    folder, config = RunFolder.resume(tmp_path / "new", lambda _: None)
    folder.close()
    assert config.paths.run == str(tmp_path / "new")
    assert config.panels == str(tmp_path / "new" / "panels")
    assert load_config(tmp_path / "new") == config


def test_a_config_that_is_not_trusted_is_not_resumed(tmp_path):
    begin(tmp_path).close()

    def check(_):
        raise ValueError("not trusted")

    with pytest.raises(ValueError, match="not trusted"):
        RunFolder.resume(tmp_path, check)
    assert said(tmp_path)["starts"] == 1


@pytest.mark.parametrize("name", ["config.yaml", "run.json"])
def test_something_else_is_no_run_folder(tmp_path, name):
    begin(tmp_path).close()
    (tmp_path / name).unlink()
    with pytest.raises(ValueError, match=f"is no run folder: it has no {name}"):
        RunFolder.resume(tmp_path, lambda _: None)


def test_a_value_that_is_still_asked_for_is_named():
    with pytest.raises(ValueError, match=r"data\.num_classes has no value yet; give data\.num_"):
        complete(OmegaConf.create({"data": {"num_classes": "???"}}))
