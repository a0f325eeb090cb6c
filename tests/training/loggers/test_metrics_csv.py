"""metrics.csv: one row a step, none lost, none doubled."""

import csv
import errno
import os
from pathlib import Path

import pytest

from segadapt.training.loggers.metrics_csv import MetricsFile


def rows(path):
    with path.open() as file:
        return list(csv.DictReader(file))


@pytest.fixture
def path(tmp_path):
    return tmp_path / "metrics.csv"


def test_values_of_a_step_share_a_row(path):
    file = MetricsFile(path)
    file.log_metrics({"loss": 2.0}, 1)
    file.log_metrics({"lr": 0.1}, 1)
    file.log_metrics({"loss": 1.0, "lr": 0.2}, 2)
    assert rows(path) == [
        {"step": "1", "loss": "2.0", "lr": "0.1"},
        {"step": "2", "loss": "1.0", "lr": "0.2"},
    ]


def test_a_column_that_comes_later_is_empty_before(path):
    file = MetricsFile(path)
    file.log_metrics({"loss": 2.0}, 1)
    file.log_metrics({"loss": 1.0}, 2)
    file.log_metrics({"val/miou": 0.5}, 2)
    assert [row["val/miou"] for row in rows(path)] == ["", "0.5"]
    assert [row["loss"] for row in rows(path)] == ["2.0", "1.0"]


def test_numbers_are_kept_to_the_last_digit(path):
    MetricsFile(path).log_metrics({"loss": 1 / 3}, 1)
    assert float(rows(path)[0]["loss"]) == 1 / 3


def test_a_resumed_run_writes_again_what_came_after_its_checkpoint(path):
    first = MetricsFile(path)
    for step in range(1, 6):
        first.log_metrics({"loss": float(step)}, step)
    resumed = MetricsFile(path)
    for step in range(4, 7):
        resumed.log_metrics({"loss": 10.0 * step}, step)
    assert [(row["step"], row["loss"]) for row in rows(path)] == [
        ("1", "1.0"),
        ("2", "2.0"),
        ("3", "3.0"),
        ("4", "40.0"),
        ("5", "50.0"),
        ("6", "60.0"),
    ]


@pytest.mark.parametrize("lost", [1, 3, 6])
def test_half_a_row_that_a_kill_left_is_dropped(path, lost):
    first = MetricsFile(path)
    for step in (1, 2, 3):
        first.log_metrics({"loss": 0.125}, step)
    path.write_bytes(path.read_bytes()[:-lost])
    resumed = MetricsFile(path)
    for step in (3, 4):
        resumed.log_metrics({"loss": 0.5}, step)
    assert [row["step"] for row in rows(path)] == ["1", "2", "3", "4"]
    assert rows(path)[1:3] == [{"step": "2", "loss": "0.125"}, {"step": "3", "loss": "0.5"}]


def test_what_editors_put_into_the_file_is_read(path):
    first = MetricsFile(path)
    for step in (1, 2):
        first.log_metrics({"loss": 0.5}, step)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    resumed = MetricsFile(path)
    resumed.check()
    resumed.log_metrics({"loss": 0.25}, 3)
    assert [row["loss"] for row in rows(path)] == ["0.5", "0.5", "0.25"]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (
            b"steps,loss\n1,0.5\n",
            "metrics.csv has no column 'step', its first line is 'steps,l",
        ),
        (b"step;loss\n1;0,5\n", "metrics.csv has no column 'step', its first line is 'step;lo"),
        (b"step,loss\n1,\xff\n", r"metrics.csv is damaged: its byte 12 is not text \(0xff\)"),
    ],
)
def test_a_file_that_cannot_be_continued_is_refused_before_the_training(path, content, sentence):
    path.write_bytes(content)
    with pytest.raises(ValueError, match=f"{sentence}.*; restore the file, or move it away"):
        MetricsFile(path).check()
    assert path.read_bytes() == content


def test_rows_that_are_broken_are_skipped_with_a_warning(path, caplog):
    path.write_text("step,loss\n1,0.5\n2\nx,1\n3,0.25\n")
    MetricsFile(path).log_metrics({"loss": 1.0}, 4)
    assert [row["step"] for row in rows(path)] == ["1", "3", "4"]
    assert "metrics.csv: incomplete rows are skipped, such as line 3" in caplog.text


@pytest.mark.parametrize(
    ("module", "operation", "values"),
    [(Path, "open", {"loss": 0.5}), (os, "fsync", {"loss": 0.5, "new": 1.0})],
    ids=["row", "columns"],
)
def test_a_full_disk_is_told_with_the_name_of_the_file(
    path, module, operation, values, monkeypatch
):
    file = MetricsFile(path)
    file.log_metrics({"loss": 0.5}, 1)
    monkeypatch.setattr(module, operation, lambda *_: full())
    with pytest.raises(OSError, match=r"cannot write .*metrics.csv: No space left on device; fix"):
        file.log_metrics(values, 2)


def full():
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_nothing_is_synced_before_anything_is_written(path):
    MetricsFile(path).sync()
    assert not path.exists()
