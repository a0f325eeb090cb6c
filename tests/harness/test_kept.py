"""Long benchmarks keep what they measured when they are cut."""

import json

import pytest
import torch
from benchmarks import coverage, loss_memory, loss_speed, overhead, port
from benchmarks.harness import goals
from benchmarks.harness.kept import Kept
from benchmarks.loss_speed import Case

SETTING = {"repeats": 2, "commit": "abc"}


def measured(file, names, setting=SETTING):
    """What is measured for these names; one that begins with ``!`` cuts the run."""
    made = []

    def measure(name):
        if name.startswith("!"):
            raise KeyboardInterrupt
        made.append(name)
        return {"ratio": len(name)}

    kept = Kept(file, setting, 3)
    for name in names:
        assert kept.get(name, lambda name=name: measure(name), str) == {"ratio": len(name)}
    return made


def test_a_cut_run_goes_on_where_it_was(tmp_path, capsys):
    file = tmp_path / "speed.json"
    with pytest.raises(KeyboardInterrupt):
        measured(file, ["a", "bb", "!"])
    content = json.loads((tmp_path / "speed.partial.json").read_text())
    assert content["partial"] == "2 of 3 cases"
    assert content["measured"] == {"a": {"ratio": 1}, "bb": {"ratio": 2}}
    assert "[2/3] bb: {'ratio': 2}" in capsys.readouterr().out
    assert measured(file, ["a", "bb", "ccc"]) == ["ccc"]
    assert "2 of 3 cases are taken from" in capsys.readouterr().out
    assert not file.exists()


def test_measurements_of_another_setting_are_neither_mixed_nor_lost(tmp_path):
    measured(tmp_path / "speed.json", ["a"])
    with pytest.raises(ValueError, match=r"was measured with commit=abc, not d; delete or move"):
        measured(tmp_path / "speed.json", ["a"], {**SETTING, "commit": "d"})
    assert "ratio" in (tmp_path / "speed.partial.json").read_text()


def test_a_file_of_something_else_is_named(tmp_path):
    (tmp_path / "speed.partial.json").write_text("[]")
    with pytest.raises(ValueError, match="is not a partial benchmark"):
        measured(tmp_path / "speed.json", ["a"])


def test_loss_speed_is_whole_after_it_was_cut(tmp_path, monkeypatch):
    monkeypatch.setattr(goals, "RESULTS", tmp_path)
    monkeypatch.setattr(loss_speed, "cases", lambda: iter([Case(2, 1, 8, False)]))
    monkeypatch.setattr(loss_speed, "grid_cases", lambda: iter([Case(3, 1, 8, True)]))
    layouts = loss_speed._layouts

    def cut(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(loss_speed, "_layouts", cut)
    with pytest.raises(KeyboardInterrupt):
        loss_speed.main(["repeats=2", "grid=1"])
    partial = json.loads((tmp_path / "loss_speed.partial.json").read_text())
    monkeypatch.setattr(loss_speed, "_layouts", layouts)
    loss_speed.main(["repeats=2", "grid=1"])
    assert [path.name for path in tmp_path.iterdir()] == ["loss_speed.json"]
    whole = json.loads((tmp_path / "loss_speed.json").read_text())
    assert len(whole["goals"]) == 2
    case = str(Case(2, 1, 8, False))
    assert whole["cases"][case] == partial["measured"][case]["times"]


SIDE = {"peak_mib": 2.0, "wall": 1.0, "cpu": 1.0}
TIMES = {kind: {"median": 0.5, "ratio": {"median": 0.9}} for kind in ("wall", "cpu")}
PAIRS = [port.Round(name, lambda: None, lambda: None, True, 1.0) for name in ("a", "b", "c")]


@pytest.mark.parametrize(
    ("benchmark", "measure", "answer", "cases"),
    [
        (loss_memory, "both", {"naive": SIDE, "ours": SIDE, "difference": 0.0}, 4),
        (coverage, "coverage", {"seeds and images": 0.95}, 12),
        (overhead, "compared", {"bare": TIMES, "lightning": TIMES}, 2),
        (port, "compared", {"ours": TIMES, "other": TIMES}, 3),
    ],
)
def test_every_long_benchmark_measures_only_what_a_cut_run_did_not(
    benchmark, measure, answer, cases, tmp_path, monkeypatch
):
    calls = []

    def measured_once(*arguments):
        calls.append(arguments)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return answer

    monkeypatch.setattr(goals, "RESULTS", tmp_path)
    monkeypatch.setattr(benchmark, measure, measured_once)
    monkeypatch.setattr(coverage, "draw_figure", lambda results: None)
    monkeypatch.setattr(port, "rounds", lambda batch, side: PAIRS)
    monkeypatch.setattr(port, "installed", lambda: True)
    monkeypatch.setattr(torch, "set_num_threads", lambda threads: None)
    name = benchmark.__name__.removeprefix("benchmarks.")
    with pytest.raises(KeyboardInterrupt):
        benchmark.main(["repeats=1"])
    partial = json.loads((tmp_path / f"{name}.partial.json").read_text())
    assert partial["partial"] == f"1 of {cases} cases"
    benchmark.main(["repeats=1"])
    assert len(calls) == cases + 1  # the second one twice
    assert calls[1] == calls[2]
    assert [path.name for path in tmp_path.iterdir()] == [f"{name}.json"]
