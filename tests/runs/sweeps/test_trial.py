"""What run.json says about a trial."""

import json

import pytest

from segadapt.runs.folder import RunFolder
from segadapt.runs.sweeps.trial import Trial, trial_status


def stands(folder, **facts):
    if facts:
        (folder / "run.json").write_text(json.dumps(facts))
    return trial_status(Trial(0, (), folder, "val/miou"))


def test_one_that_has_not_begun_is_due(tmp_path):
    found = stands(tmp_path)
    assert found.state == "new"
    assert found.is_due(retries=0)


def test_a_finished_one_has_a_value_and_never_starts_again(tmp_path):
    found = stands(tmp_path, state="finished", metrics={"val/miou": 0.5})
    assert (found.state, found.value) == ("finished", 0.5)
    assert not found.is_due(retries=9)


@pytest.mark.parametrize("metrics", [{"val/miou": None}, {"val/loss": 1.0}, {}])
def test_one_without_a_value_has_failed_for_good(tmp_path, metrics):
    found = stands(tmp_path, state="finished", metrics=metrics)
    assert (found.state, found.value) == ("failed", None)
    assert "val/miou" in found.causes[-1]
    assert not found.is_due(retries=9)


def test_a_failed_one_is_tried_again_as_often_as_asked(tmp_path):
    facts = {"state": "failed", "cause": "b", "metrics": {"val/miou": 0.3}}
    once, twice = (stands(tmp_path, **facts, failures=causes) for causes in (["a"], ["a", "b"]))
    assert once.value is None  # whatever it had reached
    assert (once.is_due(retries=1), once.is_due(retries=0)) == (True, False)
    assert (twice.is_due(retries=1), twice.is_due(retries=2)) == (False, True)


def test_one_in_another_process_is_left_alone(tmp_path):
    folder = RunFolder(tmp_path)
    assert stands(tmp_path, state="running").state == "busy"
    folder.close()
    found = stands(tmp_path, state="running")
    assert found.state == "interrupted"
    assert found.is_due(retries=0)
