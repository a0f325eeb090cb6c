"""How far arms were at the quarters of their trainings, on made runs."""

from made_runs import make_run

from segadapt.analysis.comparison.arms import arms
from segadapt.analysis.comparison.learning import learning_section
from segadapt.analysis.comparison.results import collect


def made(folder, curves):
    for seed, values in enumerate(curves):
        run = make_run(folder / str(seed), seed, data={"steps": 400})
        rows = "".join(f"{step},{value}\n" for step, value in values.items())
        (run / "metrics.csv").write_text(f"step,val/miou\n{rows}")
    return arms(collect([folder]).results)[0]


def test_quarters_are_means_over_seeds(tmp_path):
    first = {100: 0.10, 200: 0.20, 300: 0.30, 400: 0.35}
    second = {100: 0.20, 200: 0.20, 300: 0.34, 400: 0.37}
    section = learning_section(made(tmp_path, [first, second]))
    head, row = section.cells
    assert head[1:] == ["steps", "25 %", "50 %", "75 %", "100 %", "last quarter"]
    assert row[1:] == ["400", "15.00", "20.00", "32.00", "36.00", "+4.00"]


def test_a_validation_that_one_seed_lacks_is_absent(tmp_path):
    section = learning_section(
        made(tmp_path, [{200: 0.2, 300: 0.3, 400: 0.4}, {300: 0.3, 400: 0.4}])
    )
    assert section.cells[1][2:] == ["-", "-", "30.00", "40.00", "+10.00"]


def test_trainings_without_validations_on_the_way_have_no_table(tmp_path):
    assert learning_section(made(tmp_path, [{400: 0.4}])) is None
