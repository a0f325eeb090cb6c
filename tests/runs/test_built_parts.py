"""A config of another version ends in a sentence before anything is built or written."""

import json
import shutil
from importlib.metadata import version
from pathlib import Path

import pytest
import yaml

from segadapt.runs.built_parts import MEASURED, check_parts, training_parts
from segadapt.runs.config import value_at
from segadapt.runs.resumption import checked_config
from segadapt.runs.stored_config import read_config
from segadapt.runs.trust import check, check_names

FIXTURES = Path(__file__).parents[1] / "fixtures"
HERE = f"this is segadapt {version('segadapt')}: install the version that wrote the file"


def changed(folder, key, value):
    """A run folder with another value, or without one, under a key of its config."""
    file = folder / "config.yaml"
    config = yaml.safe_load(file.read_text())
    group, _, name = key.rpartition(".")
    node = value_at(config, group) if group else config
    node.pop(name, None)
    if value is not None:
        node[name] = value
    file.write_text(yaml.safe_dump(config))
    return folder


@pytest.fixture
def run(tmp_path):
    place = tmp_path / "run"
    place.mkdir()
    for name in ("config.yaml", "environment.json", "run.json"):
        shutil.copy(FIXTURES / "run_080c984_interrupted" / name, place)
    return place


def test_runs_of_ours_are_built(run):
    cfg = read_config(run)
    assert {"callbacks.summary", "optimizer", "data.module"} <= set(training_parts(cfg))
    check_parts(cfg, run / "config.yaml", training_parts(cfg))


@pytest.mark.parametrize(
    ("key", "value", "reason"),
    [
        ("model.future", 1, "has model.future, which EncoderDecoder does not take"),
        ("model.encoder.future", 1, "has model.encoder.future, which TinyEncoder does not take"),
        ("classifier.future", 1, "has classifier.future, which SSAClassifier does not take"),
        ("inference.future", 1, "has inference.future, which whole does not take"),
        ("data.module.val.future", 1, "has data.module.val.future, which Digits does not take"),
        ("model.decoder", None, "lacks model.decoder"),
        ("classifier", None, "lacks classifier"),
        ("classifier", "cac", "names nothing to build under classifier"),
        ("data.num_classes", None, "lacks data.num_classes"),
    ],
)
def test_what_this_version_cannot_build_is_named(run, key, value, reason):
    cfg = read_config(changed(run, key, value))
    with pytest.raises(ValueError, match=r"config\.yaml ") as refusal:
        check_parts(cfg, run / "config.yaml", MEASURED, ("data.num_classes",))
    assert str(refusal.value) == f"{run / 'config.yaml'} {reason}; {HERE}"


def test_the_version_that_wrote_the_file_is_named(run):
    file = run / "environment.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "segadapt": "9.1"}))
    with pytest.raises(ValueError, match=r"wrote the file, segadapt 9\.1$"):
        check_parts(read_config(changed(run, "model.future", 1)), run / "config.yaml")


def test_a_class_of_another_version_is_not_a_question_of_trust(run):
    cfg = read_config(
        changed(run, "classifier._target_", "segadapt.classifiers.future.Better"), check_names
    )
    with pytest.raises(ValueError, match=r"Better does not exist; this is segadapt .*: install"):
        check(cfg)


@pytest.mark.parametrize("key", ["optimizer.future", "callbacks.summary.future", "loss.future"])
def test_a_run_of_another_version_is_not_marked_as_running(run, key):
    before = (run / "run.json").read_bytes()
    with pytest.raises(ValueError, match=f"has {key}, which"):
        checked_config(changed(run, key, 1), check_names)
    assert (run / "run.json").read_bytes() == before
