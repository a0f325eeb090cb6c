"""Which reports an evaluation may replace: those of the same settings and of the same weights."""

import json

import pytest

from segadapt.evaluation.evaluate import _free, _stem
from segadapt.evaluation.protocol import is_own
from segadapt.evaluation.trained import Weights
from segadapt.runs.reader import Run

ORIGIN = {"id": "aaa", "config": "", "facts": {}}
OTHER = {**ORIGIN, "id": "bbb"}


@pytest.fixture
def run(tmp_path):
    folder = tmp_path / "run"
    (folder / "checkpoints").mkdir(parents=True)
    (folder / "evaluation").mkdir()
    (folder / "run.json").write_text('{"state": "finished", "id": "aaa"}')
    (folder / "checkpoints" / "last.ckpt").touch()
    return Run(folder, {}, "finished", folder / "checkpoints" / "last.ckpt")


def weights(file, record=ORIGIN, step=4):
    return Weights(file, f"{step}{file.parent.name}".encode().hex(), step, {}, record)


def evaluated(run, found):
    """The name of the report that an evaluation writes."""
    checkpoint = {"file": found.file.name, "sha256": found.sha256, "step": found.step}
    protocol = {
        "inference": {},
        "precision": "32-true",
        "checkpoint": {**checkpoint, "run": found.run, "own": is_own(run, found)},
    }
    file = _free(run, f"whole-{_stem(run, found)}", protocol)
    file.write_text(json.dumps({"protocol": protocol}))
    return file.stem


def test_a_later_step_of_the_same_run_replaces_the_report(run):
    assert evaluated(run, weights(run.checkpoint, step=2)) == "whole-last"
    assert evaluated(run, weights(run.checkpoint, step=4)) == "whole-last"


@pytest.mark.parametrize("record", [OTHER, ORIGIN, None])
@pytest.mark.parametrize("own_first", [True, False])
def test_weights_from_elsewhere_never_take_the_name_of_own_ones(run, tmp_path, record, own_first):
    own, other = weights(run.checkpoint), weights(tmp_path / "backup" / "last.ckpt", record)
    names = {"whole-last": own, f"whole-last-of-{other.sha256[:8]}": other}
    for name, found in sorted(names.items(), reverse=not own_first):
        assert evaluated(run, found) == name
    assert evaluated(run, other) != evaluated(run, own)


def test_weights_of_another_run_that_were_copied_into_the_folder_are_not_its_own(run):
    assert not is_own(run, weights(run.checkpoint, OTHER))
    assert is_own(run, weights(run.checkpoint, None))


def test_files_of_one_name_from_two_runs_have_reports_of_their_own(run, tmp_path):
    averages = [weights(tmp_path / name / "mean.ckpt", {"id": name}) for name in ("aaa", "b")]
    assert [evaluated(run, one) for one in averages] == ["whole-mean", "whole-mean-2"]
    assert [evaluated(run, one) for one in averages] == ["whole-mean", "whole-mean-2"]


@pytest.mark.parametrize(
    ("checkpoint", "name"),
    [
        ({"file": "last.ckpt", "run": OTHER, "sha256": "0"}, "whole-last-2"),
        ({"file": "last.ckpt", "run": ORIGIN, "sha256": "0"}, "whole-last"),
        ({"file": "last.ckpt", "run": None, "sha256": "0"}, "whole-last"),
        (None, "whole-last"),
    ],
)
def test_reports_of_earlier_versions_state_the_run_at_most(run, checkpoint, name):
    protocol = {"inference": {}, "precision": "32-true", "checkpoint": checkpoint}
    there = run.folder / "evaluation" / "whole-last.json"
    there.write_text(json.dumps({"protocol": protocol}))
    assert evaluated(run, weights(run.checkpoint)) == name
