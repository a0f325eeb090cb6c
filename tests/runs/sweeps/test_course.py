"""What a sweep says at its end."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from segadapt.runs.sweeps.execution import Unfinished, check_finished, print_table
from segadapt.runs.sweeps.folder import SweepFolder
from segadapt.runs.sweeps.trial import BUSY, FAILED, FINISHED, INTERRUPTED, Trial, TrialStatus


def row(number, state, *causes, closed=False, value=None):
    status = TrialStatus(state, value, {}, causes, closed)
    return Trial(number, (), Path(f"sweep/{number}"), "val/miou"), status


def test_a_sweep_that_is_all_finished_is_no_event():
    check_finished([row(0, FINISHED, value=0.5)], retries=0)


def test_only_what_will_run_again_is_said_to_run_again():
    rows = [
        row(0, FINISHED, value=0.5),
        row(1, FAILED, "a"),
        row(2, FAILED, "a", "b"),
        row(3, INTERRUPTED),
        row(4, FAILED, "nan", closed=True),
        row(5, BUSY),
    ]
    with pytest.raises(Unfinished) as told:
        check_finished(rows, retries=1)
    counted, runs, left = str(told.value).split("; ")
    assert counted.startswith(
        "5 of 6 trials have no value: 1 (failed), 2 (failed), 3 (interrupted)"
    )
    assert runs == "rerun the same command with the same hydra.sweep.dir to continue 1, 3"
    assert left.startswith("2, 4 failed too often to be retried: raise hydra.sweeper.retries=1")


def test_with_all_retries_used_up_nothing_is_promised():
    with pytest.raises(Unfinished) as told:
        check_finished([row(2, FAILED, "a", "b")], retries=1)
    assert "the same command" not in str(told.value)


@pytest.mark.parametrize(("state", "offered"), [(FINISHED, True), (FAILED, False)])
def test_the_table_is_in_percent_and_says_how_to_compare(tmp_path, state, offered):
    out = io.StringIO()
    with SweepFolder(tmp_path / "a sweep") as folder:
        value = 0.0777 if state == FINISHED else None
        print_table([row(0, state, "cause", value=value)], folder, Console(file=out, width=200))
    text = out.getvalue()
    assert (f"compare with: python scripts/compare.py '{tmp_path}/a sweep'" in text) == offered
    assert ("7.77" in text) == offered
    assert "0.0777" not in text
