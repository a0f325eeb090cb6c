import os
import runpy
from pathlib import Path

import pytest
from benchmarks.harness import load
from benchmarks.harness.measure import stamp

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def _quiet_afterwards(monkeypatch):
    monkeypatch.setattr(load, "_told", {"busy": False})


def set_load(monkeypatch, above):
    cores = len(os.sched_getaffinity(0))
    monkeypatch.setattr(os, "getloadavg", lambda: (cores + above, 0.0, 0.0))


def test_a_busy_machine_is_refused(monkeypatch):
    set_load(monkeypatch, 0.5)
    with pytest.raises(ValueError, match=r"above its \d+ cores.*or set busy=true"):
        load.check_load(busy=False)


@pytest.mark.parametrize(("above", "busy"), [(0.0, False), (0.5, True), (-1.0, True)])
def test_the_file_says_whether_the_machine_was_allowed_to_be_busy(above, busy, monkeypatch):
    set_load(monkeypatch, above)
    load.check_load(busy)
    assert stamp({})["busy"] is busy


def test_busy_is_taken_from_the_words_of_any_benchmark():
    assert load.without_busy(["startup", "busy=true", "repeats=3"]) == (
        ["startup", "repeats=3"],
        True,
    )
    assert load.without_busy(["busy=True", "busy=false"]) == ([], False)
    assert load.without_busy([]) == ([], False)
    with pytest.raises(ValueError, match="busy must be true or false, not 'yes'"):
        load.without_busy(["busy=yes"])


def test_every_benchmark_that_is_timed_asks(monkeypatch):
    """Nothing is measured before: the modules are not even imported."""
    door = runpy.run_path(str(ROOT / "scripts" / "benchmark.py"))
    set_load(monkeypatch, 1.0)
    timed = [name for name in door["SECTIONS"] if name not in door["COUNTED"]]
    for words in ([name] for name in timed):
        with pytest.raises(ValueError, match="load average"):
            door["main"](words)
    with pytest.raises(ValueError, match="load average"):
        door["main"](["data=digits"])
