"""Examples in the docstrings of public names run, and print what they say."""

import doctest
import importlib
import sys

import pytest
from deployed import scene, write_run
from PIL import Image

import segadapt

CLASSIFIERS = ("fixed.FixedClassifier", "cac.CACClassifier", "ssa.SSAClassifier")
LOSSES = (
    "cross_entropy.CrossEntropy",
    "dice.Dice",
    "objective.Objective",
    "response.ResponseDistillation",
)
NO_EXAMPLE = {"Branch"}
"""Shown by the example of Prediction."""

SLOW = {"train"}
"""Ten seconds of training."""

NAMES = [
    *(f"segadapt.{name}" for name in sorted({*segadapt.__all__} - NO_EXAMPLE - SLOW)),
    *(pytest.param(f"segadapt.{name}", marks=pytest.mark.slow) for name in SLOW),
    *(f"segadapt.classifiers.{name}" for name in CLASSIFIERS),
    *(f"segadapt.losses.{name}" for name in LOSSES),
]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with what examples find: a trained network and a photograph."""
    folder = tmp_path_factory.mktemp("place")
    write_run(folder / "runs" / "street", "data=camvid", "classifier=cac")
    Image.fromarray(scene(48, 64)).save(folder / "street.jpg")
    return folder


@pytest.mark.parametrize("name", NAMES)
def test_examples_print_what_they_say(name, place, monkeypatch):
    monkeypatch.chdir(place)
    module, _, attribute = name.rpartition(".")
    subject = getattr(importlib.import_module(module), attribute)
    names = vars(sys.modules[subject.__module__])
    (test,) = doctest.DocTestFinder(recurse=False).find(subject, name, globs=dict(names))
    assert test.examples
    lines = []
    results = doctest.DocTestRunner().run(test, out=lines.append)
    assert results.failed == 0, "".join(lines)
    assert results.attempted == len(test.examples)
