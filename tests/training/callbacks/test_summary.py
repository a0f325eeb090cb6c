import hashlib
import io
import json
import shlex

import numpy as np
import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from rich.console import Console
from toy import Blocks, fit

from segadapt.training.callbacks import summary
from segadapt.training.callbacks.summary import Summary, evaluate_command


def test_the_end_shows_every_class_the_miou_and_what_to_type_next(tmp_path):
    out = io.StringIO()
    _, task = fit([Summary(tmp_path, console=Console(file=out, width=100))], tmp_path)
    text = out.getvalue()
    lines = [line.split() for line in text.splitlines() if line.strip()]
    for k, name in enumerate(Blocks.classes):
        row = next(line for line in lines if line[0] == name)
        assert row[1] == f"{100 * task.results['student'].iou[k]:.2f}"
    assert f"mIoU {100 * task.results['student'].miou:.2f} (student)" in text
    assert f"run folder: {tmp_path}" in text
    assert f"python scripts/evaluate.py run={tmp_path}" in text


def test_the_report_holds_the_last_validation(tmp_path):
    _, task = fit([Summary(tmp_path, console=Console(file=io.StringIO()))], tmp_path)
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["step"] == 10
    assert report["results"]["student"]["miou"] == task.results["student"].miou
    assert [k["name"] for k in report["results"]["student"]["classes"]] == list(Blocks.classes)


def test_beside_the_report_lie_the_counts_of_its_images(tmp_path):
    fit([Summary(tmp_path, console=Console(file=io.StringIO()))], tmp_path)
    student = json.loads((tmp_path / "report.json").read_text())["results"]["student"]
    with np.load(tmp_path / "per_image.npz") as content:
        assert content["names"].tolist() == ["block_0", "block_1", "block_2"]
        right, labelled, _ = content["counts"].sum(0)
    assert (right / labelled).tolist() == [k["accuracy"] for k in student["classes"]]


def test_the_report_says_how_the_last_validation_was_made(tmp_path):
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints" / "last.ckpt").write_bytes(b"weights")
    fit([Summary(tmp_path, console=Console(file=io.StringIO()))], tmp_path)
    protocol = json.loads((tmp_path / "report.json").read_text())["protocol"]
    assert protocol["inference"] == {"_target_": "segadapt.evaluation.inference.methods.whole"}
    assert protocol["data"] == {"split": "val", "images": 3, "classes": len(Blocks.classes)}
    digest = hashlib.sha256(b"weights").hexdigest()
    assert protocol["checkpoint"] == {"file": "last.ckpt", "sha256": digest}


def test_only_the_measured_images_are_counted(tmp_path):
    fit([Summary(tmp_path, console=Console(file=io.StringIO()))], tmp_path, limit_val_batches=2)
    protocol = json.loads((tmp_path / "report.json").read_text())["protocol"]
    with np.load(tmp_path / "per_image.npz") as content:
        assert protocol["data"]["images"] == len(content["names"]) == 2


def test_a_training_without_validation_ends_without_a_report(tmp_path):
    out = io.StringIO()
    fit([Summary(tmp_path, console=Console(file=out))], tmp_path, steps=3, num_sanity_val_steps=0)
    assert not (tmp_path / "report.json").exists()


def test_each_validation_sends_the_classes_to_the_tracker(tmp_path, monkeypatch):
    tables = []

    class Tracker:
        def log_table(self, key, columns, rows, step):
            tables.append((key, columns, [row[0] for row in rows], step))

        def finalize(self, status):
            assert status == "success"

        def account(self):
            return "kept somewhere"

    monkeypatch.setattr(summary, "trackers", lambda trainer: [Tracker()])
    out = io.StringIO()
    fit([Summary(tmp_path, console=Console(file=out))], tmp_path)
    columns = ["class", "iou_student", "iou_coarse", "iou_oracle"]
    expected = [("classes", columns, list(Blocks.classes), step) for step in (5, 10)]
    assert tables == expected
    assert "kept somewhere" in out.getvalue()


def test_the_command_is_short_from_here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    command = evaluate_command(tmp_path / "runs" / "2026-11-21" / "04-58-40")
    assert command == "python scripts/evaluate.py run=runs/2026-11-21/04-58-40"
    monkeypatch.chdir("/")
    assert evaluate_command(tmp_path) == f"python scripts/evaluate.py run={str(tmp_path)[1:]}"


@pytest.mark.parametrize("name", ["a b", "x=1,y=2", "it's", "$(touch evil)", "[1]"])
def test_the_command_may_be_pasted_whatever_the_folder_is_called(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    *_, override = shlex.split(evaluate_command(tmp_path / name))
    assert OverridesParser.create().parse_override(override).value() == name
