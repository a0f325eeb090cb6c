"""Run folders written at commit 080c984, whose classes lay elsewhere, are used as any others."""

import csv
import json
import shutil
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import torch
from commands import Answer, command

from segadapt.analysis.comparison.arms import arms
from segadapt.analysis.comparison.comparability import check_comparable
from segadapt.analysis.comparison.results import collect
from segadapt.cli import compare, evaluate, resume, train
from segadapt.evaluation.metrics.per_image import read_per_image
from segadapt.runs.file_names import PER_IMAGE
from segadapt.runs.stored_config import read_overrides

FIXTURES = Path(__file__).parents[1] / "fixtures"
FINISHED, INTERRUPTED = "run_080c984", "run_080c984_interrupted"
MEASURED = ("time/step", "time/wait", "images_per_second", "memory_mib")
"""Columns about the machine."""

ENVIRONMENT = json.loads((FIXTURES / FINISHED / "environment.json").read_text())
SAME_VERSIONS = torch.__version__.split("+")[0] == ENVIRONMENT["torch"]
"""Other versions round differently (torch) and draw digits a few pixels differently (OpenCV)."""


class Outcome(NamedTuple):
    """What the commands left: folders of the two runs and of a new one with another seed."""

    folder: Path
    resumed: Answer
    evaluated: Answer
    trained: Answer


@pytest.fixture(scope="module")
def outcome(tmp_path_factory):
    folder = tmp_path_factory.mktemp("earlier")
    for name in (FINISHED, INTERRUPTED):
        shutil.copytree(FIXTURES / name, folder / name)
    (folder / FINISHED / PER_IMAGE).unlink()  # an evaluation makes up for it
    cache = {"SEGADAPT_CACHE": str(folder / "cache")}
    words = [word for word in read_overrides(folder / FINISHED) if word != "seed=0"]
    # At the time these terms had no group: their mean was over all images.
    words += ["~loss.terms.semantic.group", "~loss.terms.spatial.group"]
    return Outcome(
        folder,
        command(resume.resume, folder, f"run={INTERRUPTED}", **cache),
        command(evaluate.evaluate, folder, f"run={FINISHED}", **cache),
        command(train.train, folder, *words, "seed=1", "hydra.run.dir=new", **cache),
    )


def rows(folder):
    with (folder / "metrics.csv").open() as file:
        return list(csv.DictReader(file))


def numbers(row):
    return {name: float(value or "nan") for name, value in row.items() if name not in MEASURED}


def compared(capsys, *words):
    compare.main([str(word) for word in words])
    return capsys.readouterr().out


def test_the_interrupted_run_resumes_to_the_numbers_of_the_finished_one(outcome):
    assert outcome.resumed.code == 0, outcome.resumed.err
    before = rows(FIXTURES / INTERRUPTED)
    expected, table = (rows(outcome.folder / name) for name in (FINISHED, INTERRUPTED))
    assert len(before) < len(table)
    assert table[0].keys() == expected[0].keys()
    rel = 1e-5 if SAME_VERSIONS else 0.2  # another processor adds in another order
    for row, target in zip(table, expected, strict=True):
        assert numbers(row) == pytest.approx(numbers(target), rel=rel, abs=1e-9, nan_ok=True)


def test_the_finished_run_is_evaluated_as_it_was(outcome):
    assert outcome.evaluated.code == 0, outcome.evaluated.err
    old, new = (
        json.loads((parent / FINISHED / "evaluation" / "whole-last.json").read_text())
        for parent in (FIXTURES, outcome.folder)
    )
    for branch, scores in old["results"].items():
        near = pytest.approx(scores["miou"], abs=1e-9 if SAME_VERSIONS else 1e-3)
        assert new["results"][branch]["miou"] == near
    assert new["protocol"]["precision"] == "32-true"
    for protocol in () if SAME_VERSIONS else (old["protocol"], new["protocol"]):
        del protocol["data"]["fingerprint"]
    assert new["protocol"]["data"] == old["protocol"]["data"]


def test_its_earlier_report_is_one_of_the_same_settings(outcome):
    reports = sorted(path.name for path in (outcome.folder / FINISHED / "evaluation").iterdir())
    assert reports == ["whole-last.html", "whole-last.json", "whole-last.npz"]


def test_the_counts_of_its_images_are_those_that_its_training_kept(outcome):
    old, new = (
        read_per_image(parent / FINISHED / PER_IMAGE) for parent in (FIXTURES, outcome.folder)
    )
    assert list(new.names) == list(old.names)
    moved = np.abs(new.counts.astype(np.int64) - old.counts.astype(np.int64)).sum()
    assert moved <= (0 if SAME_VERSIONS else 1e-3 * old.counts.sum())


def test_both_are_one_arm(outcome, capsys):
    out = compared(capsys, outcome.folder / FINISHED, outcome.folder / INTERRUPTED, "cost=false")
    assert "the same config and seed as" in out


def test_a_new_run_of_the_same_settings_is_of_their_arm(outcome, capsys):
    assert outcome.trained.code == 0, outcome.trained.err
    folders = [outcome.folder / FINISHED, outcome.folder / "new"]
    results, problems = collect(folders)
    assert problems == []
    found, _ = arms(results)
    assert [sorted(arm.by_seed) for arm in found] == [[0, 1]]
    check_comparable(results)
    assert "not measured under the same conditions" not in compared(capsys, *folders, "cost=false")
