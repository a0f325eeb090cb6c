"""Tables of where a gain comes from, on configs of the project and on made reports."""

import json

import numpy as np
import pytest
from compositions import composed
from made_runs import make_run
from omegaconf import OmegaConf
from scipy import stats

from segadapt.analysis.comparison.arms import arms
from segadapt.analysis.comparison.factors import contrast_section, factor_section, factors
from segadapt.analysis.comparison.gains import border_section, branch_section, class_section
from segadapt.analysis.comparison.results import collect
from segadapt.analysis.comparison.sections import points

SSA = {
    "classifier": "SSA",
    "scores": "cosine",
    "bias": "yes",
    "Dice": "yes",
    "extra cross-entropy": "yes",
    "teacher": "yes",
    "distillation": "response, semantic, spatial",
    "align_corners": "coarse, student, teacher",
    "cell labels": "corner",
    "coarse gradient": "yes",
    "class weights": "no",
    "rare images": "no",
    "adaptation": "yes",
    "spatial": "yes",
    "parameters as": "-",
}
NOTHING = {
    "classifier": "Fixed",
    "scores": "dot",
    "bias": "yes",
    "Dice": "no",
    "extra cross-entropy": "no",
    "teacher": "no",
    "distillation": "no",
    "align_corners": "no",
    "cell labels": "-",
    "coarse gradient": "-",
    "class weights": "no",
    "rare images": "no",
    "adaptation": "no",
    "spatial": "no",
    "parameters as": "-",
}


AS_SSA = {"align_corners": "student"}
"""How the presets with Dice resize scores: like SSA's student."""


def config(*words, sections=("classifier", "loss")):
    """Some sections of a composed config."""
    nodes = composed(*words)
    return {key: OmegaConf.to_container(nodes[key], resolve=True) for key in sections}


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["classifier=ssa"], SSA),
        (["classifier=fixed"], NOTHING),
        (["experiment=confound_cosine"], NOTHING | {"scores": "cosine", "bias": "no"}),
        (["experiment=confound_fixed_dice"], NOTHING | {"Dice": "yes"} | AS_SSA),
        (
            ["experiment=confound_cosine_dice"],
            NOTHING | {"scores": "cosine", "bias": "no", "Dice": "yes"} | AS_SSA,
        ),
        (["experiment=confound_teacher_only_ssa"], SSA | {"distillation": "no"}),
        (
            ["experiment=confound_student_only_ssa"],
            SSA | {"distillation": "no", "teacher": "no"},
        ),
        (["classifier=ssa", "classifier.spatial=false"], SSA | {"spatial": "no"}),
        (
            ["classifier=cac"],
            SSA
            | {"classifier": "CAC", "Dice": "no", "distillation": "response", "spatial": "no"}
            | {"align_corners": "coarse, teacher"},
        ),
        (["classifier=ssa", "loss=ssa_aligned"], SSA | {"align_corners": "no"}),
        (
            ["classifier=ssa_aligned"],
            SSA | {"align_corners": "no", "cell labels": "center", "coarse gradient": "no"},
        ),
    ],
)
def test_factors_of_the_confound_presets(words, expected):
    shown = factors(config(*words))
    if words == ["classifier=ssa", "classifier.spatial=false"]:
        expected = expected | {"distillation": "response, semantic"}
    assert shown == expected


def test_wide_names_whose_parameters_it_has():
    wide = config("experiment=confound_fixed_wide_cac")
    assert factors(wide)["parameters as"] == "CACClassifier"


KIND = "segadapt.classifiers.fixed.FixedClassifier"


def made_arms(folder, reports):
    """Arms a and b of two seeds, which differ in their scores, with changes to their reports."""
    for name, score in (("a", "dot"), ("b", "cosine")):
        for seed in (0, 1):
            run = make_run(
                folder / f"{name}{seed}",
                seed,
                0.5 + 0.1 * (name == "b") + 0.02 * seed,
                typed=[f"classifier.score={score}"],
                classifier={"_target_": KIND, "score": score, "coarse_bias": False},
            )
            file = run / "report.json"
            report = json.loads(file.read_text())
            reports(name, report["results"])
            file.write_text(json.dumps(report))
    return arms(collect([folder]).results)[0]


def nothing(name, results):
    pass


def test_only_factors_that_differ_are_columns(tmp_path):
    section = factor_section(made_arms(tmp_path, nothing))
    assert section.cells[0] == ["arm", "mIoU", "scores", "bias"]
    assert [row[2:] for row in section.cells[1:]] == [["dot", "yes"], ["cosine", "no"]]


def test_single_factors_are_differences_of_arms(tmp_path):
    first, second = made_arms(tmp_path, nothing)
    assert contrast_section([first, second]) is None  # two factors
    for result in (*first.results, *second.results):
        result.config["classifier"]["_target_"] = "CACClassifier"
    section = contrast_section([first, second])
    row = section.cells[1]
    assert row[:3] == ["scores: cosine / dot", second.label, first.label]
    assert row[3].startswith("+10.00 [")


FULL = ("model", "classifier", "loss", "optimizer", "schedule", "data", "trainer")


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (
            ["classifier=ssa"],
            ["classifier=ssa", "loss=ssa_aligned"],
            "align_corners: coarse, student, teacher / no",
        ),
        (["classifier=cac"], ["classifier=cac", "classifier.cell_label=center"], "cell labels"),
        (["classifier=cac"], ["classifier=cac", "classifier.coarse_gradient=false"], "coarse grad"),
        (["classifier=ssa"], ["experiment=confound_teacher_only_ssa"], "distillation"),
        (["classifier=fixed"], ["experiment=confound_fixed_dice"], None),
        (
            ["classifier=fixed"],
            ["experiment=confound_fixed_dice", "loss.terms.student.align_corners=false"],
            "Dice: yes / no",
        ),
        (
            ["experiment=confound_teacher_only_ssa"],
            ["experiment=confound_student_only_ssa"],
            "teacher: yes / no",
        ),
        (["experiment=confound_teacher_only_ssa"], ["classifier=ssa_aligned"], None),
        (
            ["experiment=confound_teacher_only_ssa"],
            ["classifier=ssa", "classifier.tau=5"],
            None,
        ),
        (["experiment=confound_teacher_only_ssa"], ["classifier=ssa", "optimizer.lr=1"], None),
        (
            ["experiment=confound_teacher_only_ssa"],
            ["classifier=ssa", "+optimizer.custom_keys.decoder.lr_mult=3.0"],
            None,
        ),
        (["experiment=confound_teacher_only_ssa"], ["classifier=ssa", "schedule.warmup=7"], None),
        (
            ["experiment=confound_teacher_only_ssa"],
            ["classifier=ssa", "model.decoder.channels=32"],
            None,
        ),
        (["classifier=cac"], ["classifier=cac", "loss.weights.response=10"], None),
        *(
            (["classifier=cac"], ["classifier=cac", "classifier.cell_label=center", word], None)
            for word in (
                "data.batch_size=8",
                "data.steps=300",
                "data.rare=repeat",
                "trainer.gradient_clip_val=0.1",
                "trainer.precision=bf16-mixed",
                "+trainer.overfit_batches=2",
            )
        ),
        (
            ["classifier=cac"],
            ["classifier=cac", "classifier.cell_label=center", "data.num_workers=7"],
            "cell labels",
        ),
    ],
)
def test_a_contrast_differs_in_one_factor_and_in_nothing_else(tmp_path, first, second, expected):
    pair = made_arms(tmp_path, nothing)
    for arm, words in zip(pair, (first, second), strict=True):
        nodes = config(*words, sections=FULL)
        for result in arm.results:
            result.config.update(nodes)
    section = contrast_section(pair)
    assert (section is None) == (expected is None)
    assert section is None or section.cells[1][0].startswith(expected)


def test_gains_by_class_are_mean_differences(tmp_path):
    def class_of_its_own(name, results):
        results["student"]["classes"][2]["iou"] = {"a": 0.5, "b": 0.1}[name]

    a, b = made_arms(tmp_path, class_of_its_own)
    section = class_section([b, a], a)
    assert section.cells[0] == ["class", a.label, b.label]
    assert section.cells[1:] == [
        ["sky", "41.00", "+10.00"],
        ["road", "51.00", "+10.00"],
        ["car", "50.00", "-40.00"],
    ]


def test_classes_without_an_iou_are_left_out(tmp_path):
    def many(name, results):
        # every seventh of 40 classes is neither labelled nor predicted
        results["student"]["classes"] = [
            {
                "name": f"class {i}",
                "iou": None if i % 7 == 0 else 0.5 + (name == "b") * (i - 20) / 50,
            }
            for i in range(40)
        ]

    a, b = made_arms(tmp_path, many)
    b.results[0].report["results"]["student"]["classes"][1]["iou"] = None  # in one seed only
    section = class_section([a, b], a)
    gains = [float(row[2]) for row in section.cells[1:]]
    assert (
        gains
        == sorted((2.0 * (i - 20) for i in range(40) if i % 7), reverse=True)[:10]
        + sorted((2.0 * (i - 20) for i in range(40) if i % 7), reverse=True)[-10:]
    )
    assert section.notes[1:] == [
        "10 most gained and 10 most lost of 34 classes",
        "not shown: 6 classes for which IoUs are missing",
    ]


def test_the_gap_to_the_oracle_is_a_share(tmp_path):
    def branches(name, results):
        if name == "b":
            results |= {"coarse": {"miou": 0.41}, "oracle": {"miou": 0.81}}

    a, b = made_arms(tmp_path, branches)
    section = branch_section([b, a], a)
    # from 41 to 81 the student reached 61; from the baseline's 51 to 81 it went 10 of 30
    assert section.cells[1][:3] == [b.label, "41.00", "61.00"]
    assert section.cells[1][4:] == ["81.00", "50 %", "33 %"]
    assert section.cells[2][3:] == ["-", "-", "-", "-"]
    assert (
        "labels of one image (training pools classifier.oracle_group images)" in section.notes[-1]
    )


@pytest.mark.parametrize(
    ("arm", "mixed"),
    [("cac", True), ("cac_aligned", False), ("ssa", False), ("ssa_aligned", False)],
)
def test_scores_trained_with_unlike_corners_are_named(tmp_path, arm, mixed):
    """The release trains CAC's coarse scores with align_corners=true, the student with false."""

    def branches(name, results):
        results |= {"coarse": {"miou": 0.5}, "oracle": {"miou": 0.9}}

    a, b = made_arms(tmp_path, branches)
    for result in b.results:
        result.config.update(config(f"classifier={arm}"))
    notes = branch_section([b, a], a).notes
    assert [note.rpartition(": ")[2] for note in notes if "align_corners" in note] == (
        [b.label] if mixed else []
    )


def test_the_effect_of_adaptation_is_a_paired_difference_over_seeds(tmp_path):
    def branches(name, results):
        results |= {"coarse": {"miou": 0.5}, "oracle": {"miou": 0.9}}

    a, b = made_arms(tmp_path, branches)
    gaps = [100 * (run.miou - 0.5) for run in b.results]
    low, high = stats.t.interval(0.95, len(gaps) - 1, np.mean(gaps), stats.sem(gaps))
    row = branch_section([b, a], a).cells[1]
    assert row[3] == f"{np.mean(gaps):+.2f} [{low:+.2f}, {high:+.2f}]"


def test_a_gap_to_the_oracle_below_half_a_point_has_no_share(tmp_path):
    """A few steps of training once made it 603 %."""

    def branches(name, results):
        if name == "b":
            miou = results["student"]["miou"]
            results |= {"coarse": {"miou": miou}, "oracle": {"miou": miou + 0.004}}

    a, b = made_arms(tmp_path, branches)
    assert branch_section([b, a], b).cells[1][5] == "-"


def test_no_negative_zero_is_printed():
    assert [points(value) for value in (-0.00001, 0.00001, -0.01)] == ["+0.00", "+0.00", "-1.00"]


def test_borders_are_beside_the_baseline(tmp_path):
    def bands(name, results):
        value = {"a": 0.3, "b": 0.35}[name]
        results["student"] |= {"trimap": [{"pixels": 4, "miou": value}], "boundary_iou": 0.2}

    a, b = made_arms(tmp_path, bands)
    section = border_section([b, a], a)
    assert section.cells[0] == ["arm", "within 4 px", "Boundary IoU"]
    assert section.cells[1][1:] == ["35.00 (+5.00)", "20.00 (+0.00)"]


def test_reports_that_lack_a_measure_have_no_section(tmp_path):
    a, b = made_arms(tmp_path, nothing)
    assert border_section([a, b], a) is None
    assert branch_section([a, b], a) is None
