"""What reports of earlier versions do not state."""

import json

import pytest

from segadapt.evaluation.earlier_protocols import ORACLE, completed

GPU = [{"name": "one", "mib": 1}]


def precision(folder, protocol=None, **trainer):
    report = completed({"step": 4, "protocol": protocol or {}}, {"trainer": trainer}, folder)
    assert report["step"] == 4
    assert report["protocol"]["oracle"] == ORACLE
    return report["protocol"].get("precision")


@pytest.mark.parametrize(
    ("gpus", "trainer", "expected"),
    [
        (GPU, {"precision": "auto", "accelerator": "cpu"}, "32-true"),
        ([], {"precision": "auto", "accelerator": "auto"}, "32-true"),
        (GPU, {"precision": "auto", "accelerator": "auto"}, "bf16-mixed"),
        (GPU, {"precision": 16, "accelerator": "gpu"}, "16-mixed"),
        (GPU, {"precision": "bf16-true", "accelerator": "gpu"}, "bf16-true"),
        ("some", {"precision": "auto", "accelerator": "gpu"}, None),
        ([], {"accelerator": "cpu"}, None),
    ],
)
def test_a_training_was_measured_in_its_own_precision(tmp_path, gpus, trainer, expected):
    (tmp_path / "environment.json").write_text(json.dumps({"gpus": gpus}))
    assert precision(tmp_path, **trainer) == expected


def test_where_a_training_ran_may_be_unknown(tmp_path):
    assert precision(tmp_path, precision="auto", accelerator="gpu") is None


def test_an_evaluation_was_in_single_precision(tmp_path):
    assert precision(tmp_path, {"device": "cuda"}, precision="bf16-mixed") == "32-true"


def test_what_is_stated_stays(tmp_path):
    stated = {"precision": "64-true", "oracle": "another rule"}
    report = {"protocol": stated}
    assert completed(report, {"trainer": {"precision": "32-true"}}, tmp_path) == report


@pytest.mark.parametrize("report", [{}, {"protocol": [1]}])
def test_a_report_without_a_protocol_gets_none(tmp_path, report):
    assert completed(report, {}, tmp_path) == report
