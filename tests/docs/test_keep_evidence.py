"""What scripts/keep_evidence.py keeps of runs compares as the runs do, and names no machine."""

import importlib
import json

import numpy as np
import pytest
import yaml
from made_runs import make_run

from segadapt.analysis.comparison.arms import arms
from segadapt.analysis.comparison.results import collect

keep_evidence = importlib.import_module("scripts.keep_evidence")


@pytest.fixture
def runs(tmp_path):
    runs = tmp_path / "made" / "runs"
    counts = np.ones((3, 3, 3), dtype=np.int64)
    for arm, tau in (("cac", 5.0), ("ssa", 15.0)):
        for seed in (0, 1):
            words = {"typed": [f"classifier={arm}"], "classifier": {"tau": tau}, "counts": counts}
            folder = make_run(runs / arm / f"seed-{seed}", seed, **words)
            (folder / "environment.json").write_text('{"commit": "abc"}')
            config = yaml.safe_load((folder / "config.yaml").read_text())
            config["paths"] = {"run": str(folder.resolve()), "data": "../data"}
            (folder / "config.yaml").write_text(yaml.safe_dump(config))
            state = json.loads((folder / "run.json").read_text())
            (folder / "run.json").write_text(json.dumps(state | {"host": "node7", "pid": 4}))
    make_run(runs / "cac" / "seed-2", 2, classifier={"tau": 5.0}, state="interrupted")
    return runs


def described(folder):
    found, notes = arms(collect([folder]).results)
    return [(arm.label, sorted(arm.by_seed), arm.mean, arm.deviation) for arm in found], notes


def test_what_is_kept_compares_as_the_runs_do(runs, tmp_path):
    kept = keep_evidence.keep(runs.resolve(), tmp_path / "kept")
    assert [str(folder.relative_to(tmp_path / "kept")) for folder in kept] == [
        "cac/seed-0",
        "cac/seed-1",
        "ssa/seed-0",
        "ssa/seed-1",
    ]
    assert described(tmp_path / "kept") == described(runs)
    for folder in kept:
        texts = "".join(file.read_text(errors="replace") for file in folder.iterdir())
        assert "node7" not in texts
        assert str(tmp_path) not in texts


def test_another_path_of_the_machine_is_refused(runs, tmp_path):
    (runs / "cac" / "seed-0" / "overrides.yaml").write_text(f"[data.root={tmp_path.resolve()}/x]")
    with pytest.raises(ValueError, match=r"holds a path of this machine .* relative paths"):
        keep_evidence.keep(runs.resolve(), tmp_path / "kept")


def test_a_folder_without_finished_runs_is_refused(tmp_path):
    with pytest.raises(ValueError, match="has no finished run"):
        keep_evidence.keep(tmp_path, tmp_path / "kept")


def test_words_that_nobody_reads_are_refused():
    with pytest.raises(SystemExit, match="usage: python scripts/keep_evidence"):
        keep_evidence.main(["runs=x", "out=y"])
