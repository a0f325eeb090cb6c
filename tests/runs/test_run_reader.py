import json
import subprocess
import sys

import pytest

from segadapt.runs.reader import read_run
from segadapt.runs.trust import check, trusting


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "config.yaml").write_text("seed: 3\n")
    (tmp_path / "run.json").write_text(json.dumps({"state": "finished"}))
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints" / "last.ckpt").touch()
    return tmp_path


def test_a_run_is_its_config_its_state_and_a_checkpoint(folder):
    run = read_run(str(folder), "last", trusting)
    assert (run.config.seed, run.state) == (3, "finished")
    assert run.checkpoint == folder / "checkpoints" / "last.ckpt"


def test_the_folder_of_a_trial_may_be_given_by_its_number(folder, monkeypatch):
    monkeypatch.chdir(folder)
    (folder / "7").symlink_to(folder)
    assert read_run(7, "last", trusting).config.seed == 3


def test_a_checkpoint_may_be_any_file(folder, tmp_path):
    (tmp_path / "other.ckpt").touch()
    assert (
        read_run(str(folder), str(tmp_path / "other.ckpt"), trusting).checkpoint.name
        == "other.ckpt"
    )


def test_a_checkpoint_that_is_not_there_is_answered_with_those_that_are(folder):
    with pytest.raises(ValueError, match=r"Unknown checkpoint 'best' in .*\. Available: last"):
        read_run(str(folder), "best", trusting)


@pytest.mark.parametrize("file", ["config.yaml", "run.json"])
def test_a_folder_of_something_else_is_refused(folder, file):
    (folder / file).unlink()
    with pytest.raises(ValueError, match=f"is not a run folder: {file} is missing"):
        read_run(str(folder), "last", trusting)


def test_no_folder_is_asked_for():
    with pytest.raises(ValueError, match="no run given; pass run="):
        read_run(None, "last", trusting)


def test_the_config_is_looked_at_before_anything_is_built_of_it(folder):
    (folder / "config.yaml").write_text("model: {_target_: os.system, _args_: [ls]}\n")
    with pytest.raises(ValueError, match=r"from the run's config: model\._target_=os\.system: "):
        read_run(str(folder), "last", check)


def test_it_does_not_import_what_takes_seconds():
    code = "import sys, segadapt.runs.reader; print(*{'torch', 'lightning'} & set(sys.modules))"
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == ""
