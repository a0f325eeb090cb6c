"""Folders named by the time, for runs and sweeps that were given none."""

import os
import subprocess
import sys
from unittest.mock import Mock

import pytest
from commands import command
from compositions import composed
from omegaconf import OmegaConf

from segadapt.cli.hydra_command import CONF
from segadapt.cli.train import train
from segadapt.runs import new_folder

CLAIM = "import sys; from segadapt.runs.new_folder import claim; print(claim(sys.argv[1])); {then}"


@pytest.fixture(autouse=True)
def _another_process(monkeypatch):
    monkeypatch.setattr(new_folder, "_CLAIMED", {})
    monkeypatch.setattr(new_folder.atexit, "register", lambda *_: None)


def test_those_who_come_in_the_same_second_get_the_next_names(tmp_path, monkeypatch):
    name, found = str(tmp_path / "day" / "12-00-00"), []
    for _ in range(3):
        monkeypatch.setattr(new_folder, "_CLAIMED", {})
        found.append(new_folder.claim(name))
    assert found == [name, f"{name}-2", f"{name}-3"]
    assert new_folder.claim(name) == f"{name}-3"  # within a process it is one folder


def test_other_ranks_of_torchrun_take_none(tmp_path, monkeypatch):
    monkeypatch.setenv("LOCAL_RANK", "1")
    assert new_folder.claim(str(tmp_path / "run")) == str(tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_place_where_no_folder_can_be_is_told(tmp_path):
    (tmp_path / "runs").write_text("a file")
    with pytest.raises(ValueError, match=r"cannot write the folder of runs .*paths\.runs=FOLDER"):
        new_folder.claim(str(tmp_path / "runs" / "day" / "time"))


def test_both_folders_of_the_config_are_asked_for():
    node = OmegaConf.load(CONF / "hydra" / "default.yaml")
    for kind in ("run", "sweep"):
        assert OmegaConf.to_container(node)[kind]["dir"].startswith("${fresh:${paths.runs}/")
    assert composed("data=synthetic").seed == 0  # and composing alone makes none


def test_a_folder_that_stayed_empty_is_gone_at_the_end_and_others_stay(tmp_path):
    for then, kept in (("", False), ("open(sys.argv[1] + '/run.json', 'w')", True)):
        place = tmp_path / str(kept) / "time"
        call = [sys.executable, "-c", CLAIM.format(then=then), str(place)]
        answer = subprocess.run(call, capture_output=True, text=True, check=True, env=os.environ)
        assert answer.stdout == f"{place}\n"
        assert place.exists() == place.parent.exists() == kept


@pytest.mark.parametrize(
    ("place", "file", "left"),
    [
        ("a/b", None, ["kept"]),
        ("kept", None, ["kept"]),
        ("kept/a", None, ["kept"]),
        ("c/d", "run.json", ["c", "c/d", "c/d/run.json", "kept"]),
    ],
)
def test_a_typed_folder_that_stayed_empty_goes_with_its_parents_unless_it_was_there(
    tmp_path, monkeypatch, place, file, left
):
    (tmp_path / "kept").mkdir()
    at_exit = []
    monkeypatch.setattr(new_folder.atexit, "register", lambda *call: at_exit.append(call))
    monkeypatch.setattr(new_folder.HydraConfig, "instance", Mock)
    folder = tmp_path / place
    new_folder.Empty().on_run_start(OmegaConf.create({"hydra": {"run": {"dir": str(folder)}}}))
    folder.mkdir(parents=True, exist_ok=True)  # Hydra does
    if file:
        (folder / file).touch()
    for act, *arguments in at_exit:
        act(*arguments)
    assert sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")) == left


def test_every_training_looks_after_a_folder_that_was_typed(tmp_path):
    answer = command(train, tmp_path, "hydra.run.dir=a/b", "optimizer.lr=-1")
    assert answer.err == "error: optimizer.lr=-1; it must be a number > 0\n"
    node = OmegaConf.load(CONF / "hydra" / "default.yaml")
    assert node.callbacks.empty._target_ == "segadapt.runs.new_folder.Empty"
