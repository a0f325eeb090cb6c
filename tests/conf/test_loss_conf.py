"""Every objective of conf/loss on every awkward batch."""

import pytest
import torch
from composed import objective

from segadapt.cli.hydra_command import CONF
from segadapt.structures import Branch, Prediction

CLASSIFIERS = {
    "cac": "cac",
    "cac_paper": "cac_paper",
    "cac_aligned": "cac_aligned",
    "ssa": "ssa",
    "ssa_paper": "ssa_paper",
    "ssa_aligned": "ssa_aligned",
    "supervised": "fixed",
    "supervised_dice": "fixed",
}


def batch(images: int, classes: int, dtype: torch.dtype, auxiliary: bool = False) -> Prediction:
    def made() -> Branch:
        scores = torch.randn(images, classes, 14, 15).to(dtype).requires_grad_()
        semantic, spatial = torch.randn(2, images, classes, 6).to(dtype)
        return Branch(scores, semantic.requires_grad_(), spatial.requires_grad_())

    return Prediction(made(), made(), made(), made() if auxiliary else None)


def masks(images: int, classes: int) -> dict[str, torch.Tensor]:
    some = torch.randint(classes, (images, 28, 30))
    some[:, :5] = 255
    one_image = torch.full((images, 28, 30), 255)
    one_image[-1, 10:, 10:] = 0
    return {
        "some": some,
        "one class": torch.full_like(some, classes - 1),
        "one image": one_image,
        "nothing": torch.full_like(some, 255),
    }


def test_every_yaml_is_tried():
    assert {file.stem for file in (CONF / "loss").glob("*.yaml")} >= set(CLASSIFIERS)


@pytest.mark.parametrize("loss", CLASSIFIERS)
def test_losses_and_gradients_are_finite(loss):
    given = objective(CLASSIFIERS[loss], f"loss={loss}")
    for dtype in (torch.float32, torch.bfloat16, torch.float16):
        for images, classes in ((1, 3), (3, 1), (5, 3)):
            for kind, mask in masks(images, classes).items():
                auxiliary = images > 1
                prediction = batch(images, classes, dtype, auxiliary)
                losses = given(prediction, mask)
                losses.total.backward()
                case = f"{dtype} {images} {classes} {kind}"
                assert losses.total.isfinite(), case
                assert ("auxiliary" in losses.terms) == auxiliary
                _check_gradients(prediction, kind, losses.terms, case)


def _check_gradients(prediction, kind, terms, case):
    for branch in prediction[:4]:
        for tensor in branch or ():
            assert tensor.grad is None or tensor.grad.isfinite().all(), case
    if kind == "nothing":
        assert not any(value.item() for value in terms.values()), case
        slopes = [tensor.grad for branch in prediction[:4] for tensor in branch or ()]
        assert not any(slope.any() for slope in slopes if slope is not None), case


def test_auxiliary_supervision_is_the_cross_entropy_of_every_pixel():
    prediction = batch(2, 3, torch.float64, auxiliary=True)
    mask = masks(2, 3)["some"]
    larger = torch.nn.functional.interpolate(
        prediction.auxiliary.logits, (28, 30), mode="bilinear", align_corners=False
    )
    pixels = torch.nn.functional.cross_entropy(larger, mask, ignore_index=255, reduction="none")
    for loss, classifier in CLASSIFIERS.items():
        given = objective(classifier, f"loss={loss}")
        assert given.weights["auxiliary"] == 0.4
        assert given(prediction, mask).terms["auxiliary"].item() == pytest.approx(
            pixels.mean().item(), rel=1e-9
        )


@pytest.mark.parametrize(
    ("classifier", "weights"),
    [
        ("fixed", {"student": 1, "auxiliary": 0.4}),
        ("cac", {"coarse": 1, "student": 1, "teacher": 1, "response": 1, "auxiliary": 0.4}),
        ("cac_paper", {"coarse": 1, "student": 1, "teacher": 1, "response": 1, "auxiliary": 0.4}),
        (
            "ssa",
            {
                "coarse": 1,
                "student": 1,
                "teacher": 1,
                "response": 1,
                "semantic": 10,
                "spatial": 0.4,
                "auxiliary": 0.4,
            },
        ),
        (
            "ssa_paper",
            {
                "student": 1,
                "teacher": 1,
                "response": 1,
                "semantic": 1,
                "spatial": 1,
                "auxiliary": 0.4,
            },
        ),
    ],
)
def test_coefficients(classifier, weights):
    assert objective(classifier).weights == weights


def test_the_oracle_group_is_the_classifiers():
    terms = objective("ssa", "classifier.oracle_group=2").terms
    assert [terms[name].group for name in ("coarse", "teacher", "response")] == [2, 2, 2]


@pytest.mark.parametrize("classifier", ["cac_aligned", "ssa_aligned"])
def test_aligned_losses_have_the_geometry_of_inference(classifier):
    terms = objective(classifier).terms
    branches = {"coarse", "student", "teacher"}
    assert not any(terms[name].align_corners for name in branches)
    rules = {name: terms[name].cell_label for name in terms if hasattr(terms[name], "cell_label")}
    assert set(rules) == set(terms) - branches - {"auxiliary"}
    assert set(rules.values()) == {"center"}


@pytest.mark.parametrize(
    ("classifier", "switch", "gone"),
    [
        ("ssa", "semantic", {"semantic"}),
        ("ssa_paper", "spatial", {"spatial"}),
        ("ssa", "with_teacher", {"teacher", "response", "semantic", "spatial"}),
        ("cac", "with_teacher", {"teacher", "response"}),
        ("cac_paper", "with_teacher", {"teacher", "response"}),
    ],
)
def test_terms_go_with_the_part_that_a_switch_turns_off(classifier, switch, gone):
    whole, less = objective(classifier), objective(classifier, f"classifier.{switch}=false")
    assert set(whole.weights) - set(less.weights) == gone
    assert less.idle == {switch: {name: whole.weights[name] for name in gone}}


def test_a_loss_goes_with_a_classifier_that_has_no_such_switch():
    given = objective("cac", "loss=ssa", "loss.weights.spatial=0")
    assert "semantic" in given.weights  # CAC has semantic prototypes, and no switch for them
    assert not given.idle
