"""Data sets of a run are those that its training had."""

import json

import pytest
from compositions import composed
from written import blocks, picture, write

from segadapt.data.checks.split_record import write_record
from segadapt.evaluation.run_data import split_of_run
from segadapt.experiment import build_data


@pytest.fixture(params=["img", "cam0"])
def root(tmp_path, request):
    for number in range(16):
        name = f"patient{number // 4}_{number % 4:03}_{request.param}.png"
        write(tmp_path / "set/images" / name, picture(8, 8, number))
        write(tmp_path / "set/labels" / name, blocks(8, 8, 2, number))
    return tmp_path / "set"


def config(root, by):
    draw = f"data.split={{val: 0.25, test: 0.25, seed: 1, by: {by}}}"
    return composed("data=folder", f"data.root={root}", "data.classes=[a, b]", draw)


def names(dataset):
    return [pair.image.name for pair in dataset.files]


@pytest.mark.parametrize(
    ("rule", "version"), [("number-at-end", {}), ("number-before-text", {"version": 2})]
)
def test_a_run_keeps_the_splits_that_an_earlier_rule_drew(root, tmp_path, rule, version):
    data = build_data(config(root, rule))
    file = tmp_path / "run/splits.json"
    write_record(file, [data.train, data.val])
    kept = json.loads(file.read_text())["splits"]
    recorded = {name: kept[name] for name in ("train", "val")}
    file.write_text(json.dumps({**version, "splits": recorded}))
    cfg = config(root, "name-prefix")
    resumed = build_data(cfg, tmp_path / "run")
    assert (names(resumed.train), names(resumed.val)) == (names(data.train), names(data.val))
    assert names(split_of_run(cfg.data, tmp_path / "run")) == names(data.val)
    cfg.data.module.val.split = "test"
    test = names(split_of_run(cfg.data, tmp_path / "run"))
    assert test == [row[0].removeprefix("images/") for row in kept["test"]]


def test_a_new_run_keeps_patients_apart(root, tmp_path):
    cfg = config(root, "name-prefix")
    data = build_data(cfg, tmp_path / "run")
    write_record(tmp_path / "run/splits.json", [data.train, data.val])
    patients = [{name[:8] for name in names(part)} for part in (data.train, data.val)]
    assert [len(part) for part in patients] == [2, 1]
    assert patients[0].isdisjoint(patients[1])
    assert names(split_of_run(cfg.data, tmp_path / "run")) == names(data.val)
