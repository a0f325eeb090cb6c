"""Evaluations of weights that the run did not end with are not compared."""

import hashlib
import json

import pytest
from made_runs import make_run

from segadapt.analysis.comparison.results import collect

END, EARLIER = "e" * 64, "a" * 64


def made(folder, name="whole-last", identity="aaa", **checkpoint):
    """A run that ended at step 100, with an evaluation of some weights."""
    end = {"checkpoint": {"file": "last.ckpt", "sha256": END}}
    make_run(folder, protocol=end, evaluations={name: (0.6, {})})
    state = json.loads((folder / "run.json").read_text())
    (folder / "run.json").write_text(
        json.dumps({**state, **({"id": identity} if identity else {})})
    )
    file = folder / "evaluation" / f"{name}.json"
    report = json.loads(file.read_text())
    report["protocol"]["checkpoint"] = checkpoint or None
    file.write_text(json.dumps(report))
    return folder


def problem(folder, name="whole-last"):
    found = collect([folder], name)
    assert len(found.results) + len(found.problems) == 1
    return found.problems[0] if found.problems else None


WAY_OUT = "python scripts/evaluate.py run={} inference=whole"


def test_a_run_that_was_lengthened_after_its_evaluation_is_evaluated_again(tmp_path):
    run = made(tmp_path / "run", file="last.ckpt", sha256=EARLIER, step=50, run={"id": "aaa"})
    assert problem(run) == (
        f"{run}/evaluation/whole-last.json is of step 50, but the run ended at step 100; "
        f"evaluate it again: {WAY_OUT.format(run)}"
    )


def test_other_weights_of_the_same_step_are_not_those_of_the_run(tmp_path):
    run = made(tmp_path / "run", file="last.ckpt", sha256=EARLIER, step=100, run=None)
    assert "is of earlier weights (step 100) than checkpoints/last.ckpt holds" in problem(run)


def test_weights_of_another_run_are_named(tmp_path):
    run = made(tmp_path / "run", file="last.ckpt", sha256=EARLIER, step=100, run={"id": "bbb"})
    assert problem(run) == (
        f"{run}/evaluation/whole-last.json is of weights of run bbb, but the folder is of run aaa; "
        f"move it to another folder, and evaluate this run: {WAY_OUT.format(run)}"
    )


@pytest.mark.parametrize(
    "checkpoint",
    [
        {"file": "last.ckpt", "sha256": END, "step": 100, "run": {"id": "aaa"}, "own": True},
        {"file": "last.ckpt", "sha256": END, "step": 100, "run": None},
        {"file": "last.ckpt", "step": 100},
        {"file": "mean.ckpt", "sha256": EARLIER, "step": 50, "run": {"id": "aaa"}, "own": False},
        {},
    ],
)
def test_what_a_report_or_an_earlier_version_lacks_is_no_problem(tmp_path, checkpoint):
    assert problem(made(tmp_path / "run", **checkpoint)) is None
    lacking = made(tmp_path / "earlier", identity=None, **checkpoint)
    (lacking / "report.json").unlink()
    assert problem(lacking) is None


def test_the_best_checkpoint_is_of_any_step_but_not_of_an_earlier_file(tmp_path):
    sha256 = hashlib.sha256(b"best").hexdigest()
    run = made(tmp_path / "run", "whole-best", file="best.ckpt", sha256=sha256, step=50)
    assert problem(run, "whole-best") is None  # the file is not there any more
    (run / "checkpoints").mkdir()
    (run / "checkpoints" / "best.ckpt").write_bytes(b"best")
    assert problem(run, "whole-best") is None
    (run / "checkpoints" / "best.ckpt").write_bytes(b"a later best")
    said = problem(run, "whole-best")
    assert "is of earlier weights (step 50) than checkpoints/best.ckpt holds now" in said
    assert said.endswith("inference=whole checkpoint=best")


@pytest.mark.parametrize(("key", "value"), [("step", "x"), ("sha256", 3), ("file", [])])
def test_a_damaged_entry_is_named(tmp_path, key, value):
    run = made(tmp_path / "run", **{"file": "last.ckpt", key: value})
    assert f"whole-last.json: protocol.checkpoint.{key} is " in problem(run)
