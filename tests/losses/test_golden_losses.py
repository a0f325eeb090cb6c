"""The values that the released heads computed (spec section F), from the objective of the yaml."""

import golden
import pytest
from cases import close
from composed import objective
from torch import nn

from segadapt.losses.cross_entropy import CrossEntropy
from segadapt.losses.dice import Dice
from segadapt.losses.response import ResponseDistillation
from segadapt.losses.supervised import Supervised

CAC, SSA = golden.VALUES["cac"], golden.VALUES["ssa"]


def losses_of(name, *overrides):
    prediction = getattr(golden, name)()(golden.features(), golden.target())
    given = objective(name, *overrides)
    losses = given(prediction, golden.mask())
    return losses, {key: given.weights[key] * value.item() for key, value in losses.terms.items()}


def test_cac():
    losses, terms = losses_of("cac")
    assert terms == {
        "coarse": pytest.approx(CAC["coarse_ce"], abs=1e-6),
        "student": pytest.approx(CAC["main_ce"], abs=1e-6),
        "teacher": pytest.approx(CAC["oracle_ce"], abs=1e-6),
        "response": pytest.approx(CAC["kl"], abs=1e-6),
    }
    # Relative: a single-precision number of this size is known to 1e-6 only.
    assert losses.total.item() == pytest.approx(CAC["total_decode_loss"], rel=1e-6)


def test_ssa():
    losses, terms = losses_of("ssa")
    student = SSA["student_ce"] + SSA["dice_student"]
    teacher = SSA["teacher_ce"] + SSA["dice_teacher"]
    assert terms == {
        "coarse": pytest.approx(SSA["coarse_ce"], abs=1e-6),
        "student": pytest.approx(student, abs=1e-6),
        "teacher": pytest.approx(teacher, abs=1e-6),
        "response": pytest.approx(SSA["rd"], abs=1e-6),
        "semantic": pytest.approx(SSA["sd"], abs=1e-6),
        "spatial": pytest.approx(SSA["pd"], abs=1e-6),
    }
    assert losses.total.item() == pytest.approx(SSA["total_decode_loss"], rel=1e-6)


@pytest.mark.parametrize(
    ("branch", "loss", "value"),
    [
        ("student", CrossEntropy("all"), "student_ce"),
        ("student", Dice(), "dice_student"),
        ("teacher", CrossEntropy("valid"), "teacher_ce"),
        ("teacher", Dice(), "dice_teacher"),
    ],
)
def test_each_pixel_loss_of_ssa(branch, loss, value):
    prediction = golden.ssa()(golden.features(), golden.target())
    mine = Supervised(branch, [loss], align_corners=True, group=4)(prediction, golden.mask())
    assert mine.item() == pytest.approx(SSA[value], abs=1e-6)


def test_ssa_with_an_edge_size_of_four():
    _, terms = losses_of("ssa", "loss.terms.response.edge_size=4")
    assert terms["response"] == pytest.approx(SSA["rd_with_kernel4"], abs=1e-6)


def test_what_common_misreadings_would_give():
    _, terms = losses_of("cac", "loss.terms.response.label_mix=0.0")
    assert terms["response"] == pytest.approx(CAC["WRONG_plain_kl_without_label_mix"], rel=1e-6)
    prediction = golden.cac(oracle_group=1)(golden.features(), golden.target())
    teacher = Supervised("teacher", [CrossEntropy("valid")], align_corners=True)
    value = teacher(prediction, golden.mask()).item()
    assert value == pytest.approx(CAC["WRONG_per_image_oracle_ce"], abs=1e-6)
    valid = [{"_target_": "segadapt.losses.cross_entropy.CrossEntropy", "mean": "valid"}]
    _, terms = losses_of("cac", f"loss.terms.student.pixel={valid}".replace("'", ""))
    assert terms["student"] == pytest.approx(CAC["main_ce_if_valid_mean"], abs=1e-6)


def test_torchs_cross_entropy_takes_the_ordinary_path_to_the_same_value():
    prediction = golden.cac()(golden.features(), golden.target())
    pixel = [nn.CrossEntropyLoss(ignore_index=255)]
    value = Supervised("coarse", pixel, align_corners=True)(prediction, golden.mask())
    assert value.item() == pytest.approx(CAC["coarse_ce"], abs=1e-6)


def test_a_batch_of_two_groups_is_the_mean_of_both():
    features, target, mask = golden.features(), golden.target(), golden.mask()
    terms = [
        ResponseDistillation(group=1)(
            golden.cac(oracle_group=1)(features[[i]], target[[i]]), mask[[i]]
        )
        for i in range(2)
    ]
    both = golden.cac(oracle_group=1)(features, target)
    close(ResponseDistillation(group=1)(both, mask), sum(terms) / 2, 1e-6)
