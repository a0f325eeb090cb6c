import equations
import pytest
import torch
from cases import close, gradient, logits

from segadapt.losses.semantic import SemanticDistillation
from segadapt.structures import Branch, Prediction

MASK = torch.zeros(2, 4, 4, dtype=torch.long)


def branches(student, teacher):
    scores = torch.zeros(len(student), student.shape[1], 2, 2)
    return Prediction(Branch(scores, semantic=student), teacher=Branch(scores, semantic=teacher))


@pytest.mark.parametrize(
    ("tau", "cosine", "detached"), [(15.0, True, True), (1.0, False, False), (3.0, True, False)]
)
def test_equals_the_equations(tau, cosine, detached):
    student, teacher = logits(2, 5, 6, scale=1.0), logits(2, 5, 6, scale=1.0)
    mine = SemanticDistillation(tau, cosine, detached)(branches(student, teacher), MASK)
    theirs = equations.semantic(student, teacher, tau, cosine, detached)
    close(mine, theirs)
    close(*gradient(mine, student), *gradient(theirs, student))


def test_no_gradient_reaches_the_teacher():
    student, teacher = logits(2, 5, 6), logits(2, 5, 6)
    loss = SemanticDistillation()(branches(student, teacher), MASK)
    assert torch.autograd.grad(loss, [student, teacher], allow_unused=True)[1] is None


def test_classes_farther_apart_than_the_teachers_cost_nothing():
    student = torch.eye(4, dtype=torch.float64)[None].requires_grad_()
    teacher = torch.ones(1, 4, 4, dtype=torch.float64)
    assert SemanticDistillation()(branches(student, teacher), MASK).item() == 0


def test_prototypes_of_zeros_are_finite():
    student, teacher = torch.zeros(1, 3, 4, requires_grad=True), torch.randn(1, 3, 4)
    loss = SemanticDistillation()(branches(student, teacher), MASK)
    assert loss.isfinite()
    assert gradient(loss, student)[0].isfinite().all()


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_is_single_inside(dtype):
    student, teacher = (torch.randn(1, 5, 16).to(dtype) for _ in range(2))
    term = SemanticDistillation()
    with torch.autocast("cpu", torch.bfloat16):
        mine = term(branches(student, teacher), MASK)
    close(mine, term(branches(student.float(), teacher.float()), MASK))
    assert mine.dtype == torch.float32


def test_semantic_prototypes_are_needed():
    student = Branch(torch.zeros(1, 2, 2, 2))
    with pytest.raises(ValueError, match="this classifier gives no semantic prototypes"):
        SemanticDistillation()(Prediction(student, teacher=student), MASK)


def test_tau_is_above_zero():
    with pytest.raises(ValueError, match=r"distillation is 0\.0; it must be positive"):
        SemanticDistillation(tau=0.0)


def test_a_smaller_last_oracle_group_weighs_as_much_as_the_others():
    student, teacher = logits(5, 4, 6, scale=1.0), logits(5, 4, 6, scale=1.0)
    mask = torch.zeros(5, 4, 4, dtype=torch.long)
    mine = SemanticDistillation(group=2)(branches(student, teacher), mask)
    groups = [[0, 1], [2, 3], [4]]
    means = [equations.semantic(student[g], teacher[g], 15.0, True, True) for g in groups]
    theirs = sum(means) / len(groups)
    close(mine, theirs)
    close(*gradient(mine, student), *gradient(theirs, student))
