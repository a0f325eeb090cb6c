"""The table of intervals by other methods."""

import numpy as np
import pytest
from made_runs import make_run
from scipy import stats

from segadapt.analysis.comparison.compare_runs import compare_runs
from segadapt.analysis.comparison.intervals import Difference
from segadapt.analysis.comparison.other_intervals import other_intervals_section

GAINS = (0.01, 0.03, 0.02)


def test_the_table_has_students_t_by_scipy(tmp_path):
    for seed, gain in enumerate(GAINS):
        make_run(tmp_path / f"a-{seed}", seed, 0.5, label="fixed", data={"steps": 9})
        make_run(tmp_path / f"b-{seed}", seed, 0.5 + gain, label="ssa", data={"steps": 9})
    file = tmp_path / "table.md"
    compare_runs([tmp_path], "fixed", [file], None, False, None, power=True)
    _, section = file.read_text("utf-8").split("## Other intervals\n")
    [row] = [line for line in section.splitlines() if line.startswith("| ssa")]
    low, high = stats.ttest_1samp(np.array(GAINS) * 100, 0).confidence_interval(0.95)
    assert row.replace("\\", "") == f"| ssa | +2.00 | [{low:+.2f}, {high:+.2f}] | - | - |"


def test_each_interval_has_its_column():
    others = {"images": (0.001, 0.02), "hierarchical": (-0.01, 0.03)}
    gap = Difference(0.01, None, None, "too few seeds", 1, others=others)
    section = other_intervals_section({"cac": gap, "fixed": None})
    assert section.cells[1:] == [["cac", "+1.00", "-", "[+0.10, +2.00]", "[-1.00, +3.00]"]]
    assert "bootstrap over images" in section.cells[0]


@pytest.mark.parametrize("gap", [None, Difference(0.1, None, None, "too few seeds", 1)])
def test_without_such_intervals_there_is_no_table(gap):
    assert other_intervals_section({"cac": gap}) is None
