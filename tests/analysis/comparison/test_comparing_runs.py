"""What a comparison reads, leaves out and refuses."""

import json
import shlex

import pytest
from made_runs import make_run

from segadapt.analysis.comparison.arms import arms, find
from segadapt.analysis.comparison.comparability import check_comparable, machines, versions
from segadapt.analysis.comparison.results import collect, curve


def results(*folders):
    return collect(folders).results


def test_a_sweep_is_all_runs_below_it(tmp_path):
    for number in range(3):
        make_run(tmp_path / "sweep" / str(number), number)
    assert [result.seed for result in results(tmp_path / "sweep")] == [0, 1, 2]


def test_what_a_sweep_keeps_beside_its_trials_is_passed_over(tmp_path):
    sweep = tmp_path / "sweep"
    for number in range(2):
        make_run(sweep / str(number), number)
    (sweep / "wandb").mkdir()
    (sweep / "sweep.csv").touch()
    (sweep / "sweep.json").write_text('{"trials": []}')
    assert len(results(*sweep.iterdir())) == 2
    (sweep / "2").mkdir()
    with pytest.raises(ValueError, match="2 does not contain a run"):
        collect(sweep.iterdir())


def test_trials_that_never_began_are_told(tmp_path):
    sweep = tmp_path / "sweep"
    make_run(sweep / "0")
    plan = sweep / "sweep.json"
    plan.write_text(json.dumps({"trials": [{"trial": number} for number in range(6)]}))
    told = f"{sweep}: 5 of 6 trials never started (1, 2, 3, ...)"
    for paths in ([sweep], [tmp_path], sorted(sweep.iterdir())):
        found = collect(paths)
        assert (len(found.results), found.problems) == (1, [told])
    plan.write_text('{"trials": [{"tr')
    assert "sweep.json is not valid JSON" in collect([sweep]).problems[0]


SEVERAL = {"_target_": "segadapt.evaluation.inference.methods.multiscale", "flip": True}


def test_evaluations_are_compared_instead(tmp_path):
    printed = {"paper": "CAC", "table": 1, "row": "r", "miou": 46.91, "miou_ms": 49.03}
    there = {"slide-last": (0.6, {"_target_": "slide"}), "multiscale-last": (0.7, SEVERAL)}
    make_run(tmp_path / "a b", 0, published=printed, evaluations=there)
    make_run(tmp_path / "1", 1, published=printed, evaluations={"whole-last": (0.4, {})})
    found = collect([tmp_path], "slide-last")
    assert [result.miou for result in found.results] == [0.6]
    assert [result.printed for result in found.results] == [46.91]
    assert found.problems == [
        f"{tmp_path}/1: evaluation/slide-last.json is missing (available: whole-last); "
        f"python scripts/evaluate.py run={tmp_path}/1 inference=slide writes it"
    ]
    several = collect([tmp_path / "a b"], "multiscale-last").results
    assert (several[0].miou, several[0].printed) == (0.7, 49.03)
    (lost,) = collect([tmp_path / "a b"], "best").problems
    assert "(available: multiscale-last, slide-last)" in lost
    assert lost.endswith("and its settings write such reports")
    assert f"run='{tmp_path}/a b'" in shlex.split(lost)


def test_evaluations_of_other_settings_are_not_ranked(tmp_path):
    for number, window in enumerate((32, 64)):
        seen = {"slide-last": (0.5, {"_target_": "slide", "window": window})}
        make_run(tmp_path / str(number), evaluations=seen, classifier={"tau": number})
    with pytest.raises(ValueError, match=r"inference\.window is 32 and 64"):
        check_comparable(collect([tmp_path], "slide-last").results)


def test_attempts_that_came_to_nothing_are_no_runs(tmp_path):
    make_run(tmp_path / "sweep" / "0", 0)
    make_run(tmp_path / "sweep" / "0" / "attempts" / "1", 0, state="failed")
    found = collect([tmp_path / "sweep"])
    assert (len(found.results), found.problems) == (1, [])


def test_what_is_not_finished_is_said_and_left_out(tmp_path):
    make_run(tmp_path / "good")
    make_run(tmp_path / "killed", state="running")
    (make_run(tmp_path / "silent") / "report.json").unlink()
    (make_run(tmp_path / "half") / "report.json").write_text('{"results": {"stu')
    (make_run(tmp_path / "other") / "report.json").write_text('{"miou": 1}')
    (make_run(tmp_path / "bare") / "config.yaml").unlink()
    (make_run(tmp_path / "cut") / "config.yaml").write_text("data: {name: ma")
    (make_run(tmp_path / "begun") / "config.yaml").write_text("")
    (make_run(tmp_path / "old") / "config.yaml").write_text("data: {crop: [32, 32]}")
    (make_run(tmp_path / "lost") / "overrides.yaml").write_text("a: [")
    found = collect([tmp_path])
    assert [result.folder.name for result in found.results] == ["good"]
    said = "\n".join(found.problems)
    for text in (
        "killed: the run was interrupted; resume it with: python scripts/resume.py run=",
        "silent: finished, but without report.json",
        "half/report.json is not valid JSON (",
        "other/report.json has no results.student.miou",
        "bare/config.yaml",
        "cut/config.yaml is not valid YAML (",
        "begun/config.yaml holds nothing where KEY: VALUE pairs are expected",
        "old/config.yaml lacks seed, inference, data.module.val; it was written by another version",
        "lost/overrides.yaml is not valid YAML (",
    ):
        assert text in said


def test_a_folder_without_runs_is_refused(tmp_path):
    with pytest.raises(ValueError, match="does not contain a run"):
        collect([tmp_path])
    with pytest.raises(ValueError, match="nowhere is not a folder"):
        collect([tmp_path / "nowhere"])


def test_curves_come_from_the_metrics(tmp_path):
    folder = make_run(tmp_path / "a", miou=0.4)
    assert curve(folder, "val/miou") == [(25, 0.1), (50, 0.2), (75, 0.3), (100, 0.4)]
    assert curve(folder, "val/other") == []


def test_seeds_of_one_config_are_one_arm(tmp_path):
    for seed, miou in enumerate((0.5, 0.6, 0.7)):
        make_run(tmp_path / f"a{seed}", seed, miou, typed=["classifier=ssa", "data=x"])
    make_run(tmp_path / "b", 0, 0.4, typed=["classifier=cac", "data=x"], classifier={"tau": 5.0})
    found, said = arms(results(tmp_path))
    assert [arm.label for arm in found] == ["classifier=ssa", "classifier=cac"]
    assert found[0].mean == pytest.approx(0.6)
    assert found[0].deviation == pytest.approx(0.1)
    assert found[1].deviation is None
    assert said == [
        "classifier=cac: no result with seed 1, 2, which other arms have; "
        "differences use the seeds that both have"
    ]


def test_the_same_run_twice_counts_once(tmp_path):
    make_run(tmp_path / "a", 0, 0.5)
    make_run(tmp_path / "b", 0, 0.9)
    found, said = arms(results(tmp_path))
    assert len(found) == 1
    assert found[0].mean == 0.5
    assert "the same config and seed" in said[0]


def test_experiments_are_called_by_their_row(tmp_path):
    row = {"paper": "CAC", "table": 4, "row": "1", "miou": 45.39}
    make_run(tmp_path / "a", typed=["experiment=cac_table4_1"], published=row)
    (arm,) = arms(results(tmp_path))[0]
    assert (arm.label, arm.printed) == ("CAC Table 4 (1)", 45.39)


def test_rows_of_one_recipe_are_arms_of_their_own(tmp_path):
    for number, name in enumerate("eg"):
        row = {"paper": "CAC", "table": 2, "row": name, "miou": 45.0 + number}
        make_run(tmp_path / name, typed=[f"experiment=cac_table2_{name}"], published=row)
    found, said = arms(results(tmp_path))
    assert [(arm.label, arm.printed) for arm in found] == [
        ("CAC Table 2 (e)", 45.0),
        ("CAC Table 2 (g)", 46.0),
    ]
    assert said == []


def test_confounds_are_called_what_they_call_themselves(tmp_path):
    make_run(tmp_path / "a", typed=["experiment=confound_x", "data=x"], label="fixed + Dice")
    make_run(tmp_path / "b", typed=["classifier=ssa", "data=x"], classifier={"tau": 5.0})
    found, _ = arms(results(tmp_path))
    assert [(arm.label, arm.printed) for arm in found] == [
        ("fixed + Dice", None),
        ("classifier=ssa", None),
    ]


def test_words_that_change_nothing_are_not_in_the_name(tmp_path):
    brought = ["data.name=made", "data.crop=[32,32]", "recipe=sane", "classifier.tau=5.0"]
    make_run(tmp_path / "a", typed=["experiment=x", *brought], label="x", classifier={"tau": 5.0})
    make_run(tmp_path / "b", typed=["classifier=ssa"])
    free = ["data.num_workers=4"]  # differs, and changes no number
    make_run(tmp_path / "c", typed=["classifier=cac", *free], data={"num_workers": 4, "steps": 9})
    found, said = arms(results(tmp_path))
    assert [arm.label for arm in found] == ["x", "classifier=ssa", "classifier=cac"]
    assert said == ["overrides of x: recipe=sane classifier.tau=5.0"]


def test_arms_that_share_a_name_are_told_apart_by_their_words(tmp_path):
    make_run(tmp_path / "a", typed=["label=x", "classifier.tau=5.0"], label="x")
    other = {"tau": 9.0}
    make_run(tmp_path / "b", typed=["label=x", "classifier.tau=9.0"], label="x", classifier=other)
    found, said = arms(results(tmp_path))
    assert [arm.label for arm in found] == ["x classifier.tau=5.0", "x classifier.tau=9.0"]
    assert said == []


def test_of_several_words_for_one_key_the_last_names_the_arm(tmp_path):
    brought = ["optimizer=adamw", "classifier.tau=9.0"]  # by an experiment, before what is typed
    typed = ["optimizer=sgd", "classifier.tau=5.0"]
    make_run(tmp_path / "a", typed=[*brought, *typed], label="x", classifier={"tau": 5.0})
    make_run(tmp_path / "b", typed=["classifier=ssa", "optimizer=sgd"])
    found, said = arms(results(tmp_path))
    assert [arm.label for arm in found] == ["x", "classifier=ssa"]
    assert said == ["overrides of x: classifier.tau=5.0"]


def test_a_lengthened_run_is_called_by_its_present_steps(tmp_path):
    for name, typed, steps in (("a", 2, 4), ("b", 8, 8)):
        make_run(tmp_path / name, typed=[f"data.steps={typed}"], data={"steps": steps})
    made, _ = arms(collect([tmp_path]).results)
    assert [arm.label for arm in made] == ["data.steps=4", "data.steps=8"]


def test_an_arm_is_found_by_a_part_of_its_label(tmp_path):
    make_run(tmp_path / "a", typed=["classifier=ssa"])
    make_run(tmp_path / "b", typed=["classifier=cac"], classifier={"tau": 5.0})
    found, _ = arms(results(tmp_path))
    assert find(found, "cac").label == "classifier=cac"
    with pytest.raises(ValueError, match=r"Several arms match 'classifier': .* Name one"):
        find(found, "classifier")
    with pytest.raises(ValueError, match=r"Unknown arm 'dnc'\. Available: classifier=ssa,"):
        find(found, "dnc")


@pytest.mark.parametrize(
    ("other", "field"),
    [
        ({"protocol": {"ignore_index": 0}}, "protocol.ignore_index is 0 and 255"),
        ({"protocol": {"absent_class": "counts"}}, "protocol.absent_class"),
        ({"data": {"name": "else"}}, "data.name is 'else' and 'made'"),
        ({"validation": {"multiple": 32}}, "validation.multiple is 'absent' and 32"),
    ],
)
def test_other_conditions_are_not_ranked(tmp_path, other, field):
    make_run(tmp_path / "a")
    make_run(tmp_path / "b", 1, **other)
    with pytest.raises(ValueError, match=field):
        check_comparable(results(tmp_path))


def test_what_no_validation_image_depends_on_is_no_condition(tmp_path):
    make_run(tmp_path / "a", data={"multiple": 32, "scale": [64, 64]})
    make_run(tmp_path / "b", 1, data={"multiple": None})
    check_comparable(results(tmp_path))


def test_another_version_is_said_but_not_refused(tmp_path):
    make_run(tmp_path / "a")
    make_run(tmp_path / "b", 1, protocol={"software": {"torch": "3"}})
    found = results(tmp_path)
    check_comparable(found)
    assert versions(found) == ["torch differs between the runs: 2, 3"]


def on(folder, **hardware):
    make_run(folder)
    (folder / "environment.json").write_text(json.dumps(hardware))


def test_other_processors_and_gpus_are_said_where_they_are_known(tmp_path):
    one, two = {"name": "H100", "mib": 81000}, {"name": "A100", "mib": 40000}
    make_run(tmp_path / "earlier")
    on(tmp_path / "a", processor="X", gpus=[one, one])
    on(tmp_path / "b", processor="X", gpus=[two])
    assert machines(results(tmp_path / "a", tmp_path / "earlier")) == []
    (said,) = machines(results(tmp_path))
    assert said == "the GPUs differed: 1 x A100; 2 x H100; times cannot be compared"


def test_a_run_resumed_on_another_processor_is_said(tmp_path):
    on(tmp_path / "a", processor="X", gpus=[], resumed_in=[{"processor": "Y", "gpus": []}])
    on(tmp_path / "edited", processor="X", gpus=[], resumed_in=3)
    (said,) = machines(results(tmp_path))
    assert said == "the processor differed: X; Y; times cannot be compared"
