import json

import pytest
import torch
from benchmarks.harness.measure import check_syncs, composed, measure, setting_of, stamp
from benchmarks.harness.options import CONFIGS, Options

from segadapt.experiment import build_task

SMALL = Options(size=32, batch=2, num_classes=5, repeats=2, classifier=("fixed", "cac"))


def test_everything_is_measured_printed_and_written(tmp_path, capsys):
    file = measure(SMALL, CONFIGS, build_task, tmp_path)
    shown = capsys.readouterr().out
    assert f"written: {file}" in shown
    assert file.name == "tiny-32x32-b2-k5-cpu.json"
    assert list(tmp_path.iterdir()) == [file]
    written = json.loads(file.read_text())
    fixed, cac = written["rows"]
    assert (fixed["classifier"], cac["classifier"]) == ("fixed", "cac")
    assert cac["parameters"]["training"] > cac["parameters"]["deployed"]
    assert cac["macs"]["true"] > fixed["macs"]["true"]
    assert len(cac["training"]["wall"]["rounds"]) == 2
    assert fixed["training"]["cpu"]["ratio"]["median"] == 1
    assert cac["peak_ratio"] == cac["peak_bytes"] / fixed["peak_bytes"] > 1
    assert {"command", "date", "software", "machine", "shape", "setting"} <= written.keys()
    assert written["software"]["torch"] == torch.__version__.partition("+")[0]
    assert written["machine"]["cores"] >= 1


def test_stored_commands_hold_no_path_of_the_machine(monkeypatch):
    words = ["python", "/opt/env/bin/segadapt", "benchmark", "run=/home/me/run", "out=runs/a"]
    monkeypatch.setattr("sys.orig_argv", words)
    assert stamp({})["command"] == "python segadapt benchmark run=run out=runs/a"


def test_overrides_reach_the_classifier():
    options = Options(overrides=("classifier.tau=3",))
    assert composed(options, CONFIGS, "tiny", "cac").classifier.tau == 3


def test_no_classifier_reads_a_value(capsys):
    check_syncs(Options(size=32, batch=2, num_classes=5), CONFIGS, build_task)
    assert capsys.readouterr().out.count("no host synchronisation") == 3


def test_a_missing_gpu_is_named():
    if torch.cuda.is_available():
        pytest.skip("there is a GPU")
    with pytest.raises(ValueError, match="device=cuda needs a GPU, and torch finds none"):
        setting_of(Options(device="cuda"))


def test_an_unknown_device_is_named():
    with pytest.raises(
        ValueError, match="device must be auto, cpu, cuda or cuda:NUMBER, not 'tpu'"
    ):
        setting_of(Options(device="tpu"))
