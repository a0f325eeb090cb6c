import json
import math
import os

import pytest
import torch
from reports import from_json
from rich.console import Console

from segadapt.evaluation.metrics.confusion_matrix import scores
from segadapt.evaluation.report.json_report import as_json
from segadapt.evaluation.report.table import headline, percent, table
from segadapt.files import write_json

CLASSES = ("sky", "road", "tree")
STUDENT = scores(torch.tensor([[3, 1, 0], [1, 5, 0], [0, 0, 0]]))
COARSE = scores(torch.tensor([[2, 2, 0], [2, 4, 0], [0, 0, 0]]))
RESULTS = {"student": STUDENT, "coarse": COARSE}


def printed(found):
    console = Console(width=100, record=True, file=open(os.devnull, "w"))  # noqa: SIM115, PTH123
    console.print(found)
    console.file.close()
    return [line.split() for line in console.export_text().splitlines() if line.strip()]


def test_the_table_has_every_class_and_the_mean_in_percent():
    lines = printed(table(RESULTS, CLASSES))
    assert ["sky", "60.00", "33.33", "75.00"] in lines  # 3 of 5, 2 of 6, 3 of 4
    assert ["road", "71.43", "50.00", "83.33"] in lines  # 5 of 7, 4 of 8, 5 of 6
    assert ["tree", "-", "-", "-"] in lines
    assert lines[-1] == ["mean", "65.71", "41.67", "79.17"]


def test_below_an_oracle_stands_whose_labels_it_pools():
    assert "classifier.oracle_group" not in str(printed(table(RESULTS, CLASSES)))
    lines = printed(table({**RESULTS, "oracle": STUDENT}, CLASSES))
    text = " ".join(word for line in lines for word in line)
    assert "oracle: prototypes from the labels of one image; training pools" in text


def test_the_headline_names_the_branches():
    assert headline(RESULTS) == (
        "mIoU 65.71 (student), mIoU 41.67 (coarse), pixel accuracy 80.00, mean accuracy 79.17"
    )


def test_percent_has_two_decimals_and_a_dash_for_nothing():
    assert [percent(0.45229), percent(1.0), percent(math.nan)] == ["45.23", "100.00", "-"]


def test_json_is_strict_and_says_null_for_nothing():
    text = json.dumps(as_json(RESULTS, CLASSES), allow_nan=False)
    found = json.loads(text)["student"]
    assert found["classes"][2] == {"name": "tree", "iou": None, "accuracy": None}
    assert found["miou"] == pytest.approx((3 / 5 + 5 / 7) / 2, abs=1e-12)


def test_json_comes_back_as_it_went():
    found = from_json(json.loads(json.dumps(as_json(RESULTS, CLASSES))))
    for branch, expected in RESULTS.items():
        assert found[branch][:3] == expected[:3]
        torch.testing.assert_close(found[branch].iou, expected.iou, rtol=0, atol=0, equal_nan=True)
        torch.testing.assert_close(
            found[branch].class_accuracy, expected.class_accuracy, rtol=0, atol=0, equal_nan=True
        )


def test_a_report_that_fails_half_way_leaves_the_old_one(tmp_path):
    file = tmp_path / "reports" / "a.json"
    write_json(file, {"miou": 0.5})
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(file, {"miou": math.nan})
    assert json.loads(file.read_text()) == {"miou": 0.5}
