"""metrics.csv: one row a step, none lost, none doubled."""

import csv

import pytest

from segadapt.metrics_file import MetricsFile


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
