"""Parts of an offline run are uploaded in the order in which they were made."""

from datetime import datetime, timedelta

import pytest

from segadapt.training.loggers.wandb_offline import FORM, make_way, parts

NOON = datetime(2026, 3, 29, 12)


def begin(folder, number, now):
    """What wandb does at a start."""
    make_way(folder, "abc", now)
    (folder / f"offline-run-{now:{FORM}}-abc" / "files").mkdir(parents=True)
    (folder / f"offline-run-{now:{FORM}}-abc" / "number").write_text(str(number))


@pytest.mark.parametrize(
    "seconds",
    [
        [0, 60, 120],
        [0, -3600, -3599],
        [0, 60, -1, -1, 0],
        [0, 0, 0, 0],
        [10, 11, 12, 13, 12, 11, 10],
        [0, 1, 2, 3, -86400],
    ],
)
def test_whatever_the_clock_does_names_sort_by_start(tmp_path, seconds):
    (tmp_path / "offline-run-20300101_000000-other").mkdir()
    for number, offset in enumerate(seconds):
        begin(tmp_path, number, NOON + timedelta(seconds=offset))
    order = [int((path / "number").read_text()) for path in parts(tmp_path, "abc")]
    assert order == list(range(len(seconds)))
    assert (tmp_path / "offline-run-20300101_000000-other").is_dir()
