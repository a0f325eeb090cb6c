import pytest
from benchmarks.harness.comparison import CostRow, Static
from benchmarks.harness.presentation import as_json, base_of, cells, table
from rich.console import Console

from segadapt.analysis.cost.parameters import Parameters
from segadapt.analysis.cost.timing import Timing


def row(classifier, times, memory=100, model="tiny"):
    readings = [Timing(time, 2 * time) for time in times]
    counts = Static(Parameters(1000 + memory, 1000), 2_000_000 * memory, 1_000_000)
    return CostRow(model, classifier, counts, readings, readings, memory * 2**20)


FIXED = row("fixed", [0.1, 0.2, 0.1])
SSA = row("ssa", [0.15, 0.3, 0.15], memory=150)


def test_ratios_refer_to_fixed_of_the_same_model():
    other = row("fixed", [1.0, 1.0, 1.0], model="large")
    assert base_of(SSA, [other, FIXED, SSA]) is FIXED
    assert base_of(SSA, [other, SSA]) is None


def test_cells_are_value_and_ratio():
    assert cells(SSA, FIXED) == [
        "1,150\n1.045x",
        "1,000\n1.000x",
        "0.300\n1.500x",
        "0.001\n1.000x",
        "150.0 ±37.5\n1.500x",
        "300.0 ±75.0\n1.500x",
        "150.0 ±37.5\n1.500x",
        "300.0 ±75.0\n1.500x",
        "150\n1.500x",
    ]


def test_without_fixed_there_are_no_ratios():
    assert cells(SSA, None)[0] == "1,150"
    assert as_json(SSA, None)["peak_ratio"] is None
    assert "ratio" not in as_json(SSA, None)["training"]["wall"]


def test_json_keeps_every_round():
    found = as_json(SSA, FIXED)
    assert found["training"]["wall"]["rounds"] == [0.15, 0.3, 0.15]
    assert found["training"]["cpu"]["median"] == pytest.approx(0.3)
    assert found["inference"]["wall"]["ratio"]["median"] == pytest.approx(1.5)
    assert found["macs"] == {"true": 300_000_000, "papers_rule": 1_000_000}


def test_table_shows_every_line(capsys):
    Console(width=150).print(table([FIXED, SSA], "title"))
    shown = capsys.readouterr().out
    assert "title" in shown
    assert shown.count("1.500x") == 6
    assert "…" not in shown
