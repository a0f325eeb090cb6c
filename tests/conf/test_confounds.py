"""The confound presets: each builds, and isolates what its header says."""

from functools import cache

import pytest
import torch
from compositions import composed
from experiments import CONFOUNDS, FOLDER

from segadapt.cli.hydra_command import CONF
from segadapt.cli.scaled_experiments import scale_experiment
from segadapt.experiment import build_task
from segadapt.losses.cross_entropy import CrossEntropy
from segadapt.losses.dice import Dice

EXPECTED = {
    "confound_cosine": {"student"},
    "confound_cosine_dice": {"student"},
    "confound_fixed_dice": {"student"},
    "confound_fixed_wide_cac": {"student"},
    "confound_fixed_wide_ssa": {"student"},
    "confound_student_only_cac": {"coarse", "student"},
    "confound_student_only_ssa": {"coarse", "student"},
    "confound_teacher_only_cac": {"coarse", "student", "teacher"},
    "confound_teacher_only_ssa": {"coarse", "student", "teacher"},
}
"""Terms of each objective."""


@cache
def configs():
    chosen = [f"experiment={name}" for name in EXPECTED]
    chosen += ["classifier=fixed", "classifier=cac", "classifier=ssa"]
    return {
        word.rpartition("=")[2]: composed(word, "data=synthetic", "paths.run=run")
        for word in chosen
    }


def built(name):
    torch.manual_seed(0)
    return build_task(configs()[name])


def gradients(name):
    """Terms, and the greatest gradient of each parameter of the classifier."""
    task = built(name)
    image, mask = torch.randn(2, 3, 32, 32), torch.randint(5, (2, 32, 32))
    losses = task.objective(task.model(image, mask), mask)
    losses.total.backward()
    parts = task.model.classifier.named_parameters()
    found = {part: 0.0 if p.grad is None else float(p.grad.abs().max()) for part, p in parts}
    assert losses.total.isfinite()
    assert next(task.model.generator.parameters()).grad.any()
    return set(losses.terms), found


def parameters(name):
    classifier = built(name).model.classifier
    classifier.teacher = None
    return sum(p.numel() for p in classifier.parameters())


def test_all_are_known():
    assert set(EXPECTED) == set(CONFOUNDS)


@pytest.mark.parametrize("name", EXPECTED)
def test_each_trains_on_the_terms_it_names(name):
    terms, found = gradients(name)
    assert terms == EXPECTED[name]
    assert all(found.values()), "every parameter of the classifier learns"
    assert any("teacher" in part for part in found) == ("teacher" in terms)


@pytest.mark.parametrize("name", EXPECTED)
def test_each_says_what_it_tests(name):
    header = (FOLDER / f"{name}.yaml").read_text().split("label:")[0]
    assert "# Explanation tested: " in header
    assert "# Compare with " in header
    assert configs()[name].label
    assert configs()[name].published is None


def test_no_two_have_the_same_name():
    assert len({configs()[name].label for name in EXPECTED}) == len(EXPECTED)


@pytest.mark.parametrize("adaptive", ["cac", "ssa"])
def test_wide_ones_have_the_parameters_of_the_deployed_classifier(adaptive):
    assert parameters(f"confound_fixed_wide_{adaptive}") == pytest.approx(
        parameters(adaptive), rel=0.01
    )
    assert parameters("confound_fixed_dice") == parameters("fixed") < parameters(adaptive)


@pytest.mark.parametrize("adaptive", ["cac", "ssa"])
def test_without_distillation_nothing_of_the_teacher_reaches_the_student(adaptive):
    task = built(f"confound_teacher_only_{adaptive}")
    image, mask = torch.randn(2, 3, 32, 32), torch.randint(5, (2, 32, 32))
    prediction = task.model(image, mask)
    teacher = prediction.teacher.logits.square().mean()
    reached = torch.autograd.grad(
        teacher, [*task.model.classifier.student.parameters()], allow_unused=True, retain_graph=True
    )
    assert all(gradient is None for gradient in reached)
    terms = task.objective(prediction, mask).terms
    alone = task.objective.terms["student"](prediction._replace(teacher=None), mask)
    torch.testing.assert_close(terms["student"], alone)


def test_only_those_with_dice_in_their_name_and_those_of_ssa_have_dice():
    for name in EXPECTED:
        kinds = [type(loss) for loss in built(name).objective.terms["student"].pixel]
        dice = name.endswith("_dice") or (name.endswith("_ssa") and "wide" not in name)
        assert kinds == ([CrossEntropy, Dice] if dice else [CrossEntropy]), name


@pytest.mark.parametrize(
    ("name", "adaptive"), [("confound_cosine", "cac"), ("confound_cosine_dice", "ssa")]
)
def test_cosine_scores_are_bounded_by_tau_of_the_adaptive_classifier(name, adaptive):
    classifier = built(name).model.classifier.eval()
    assert classifier.tau == configs()[adaptive].classifier.tau
    logits = classifier(100 * torch.randn(1, classifier.score.in_channels, 3, 3)).student.logits
    assert logits.abs().max() <= classifier.tau * (1 + 1e-5)


def test_a_sweep_over_them_takes_the_recipe_of_its_data():
    words = ["experiment=glob(confound_*)", "data=digits"]
    assert "model=tiny" in scale_experiment(words, CONF)[0]
