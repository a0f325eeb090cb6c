import equations
import pytest
import torch
from cases import close, gradient, logits

from segadapt.losses.spatial import SpatialDistillation
from segadapt.structures import Branch, Prediction

MASK = torch.zeros(2, 4, 4, dtype=torch.long)


def branches(student, teacher):
    scores = torch.zeros(len(student), student.shape[1], 2, 2)
    return Prediction(Branch(scores, spatial=student), teacher=Branch(scores, spatial=teacher))


def test_equals_the_equation_with_the_teacher_as_target():
    student, teacher = logits(2, 5, 6), logits(2, 5, 6)
    mine = SpatialDistillation()(branches(student, teacher), MASK)
    theirs = equations.spatial(student, teacher)
    close(mine, theirs)
    close(*gradient(mine, student), *gradient(theirs, student))


def test_equation_16_as_printed_has_the_student_as_target():
    student, teacher = logits(2, 5, 6), logits(2, 5, 6)
    mine = SpatialDistillation(swapped=True)(branches(student, teacher), MASK)
    close(mine, equations.spatial(teacher, student))
    shares = student.softmax(2)
    theirs = -(shares * teacher.detach().log_softmax(2)).sum() / 10
    close(*gradient(mine, student), *gradient(theirs, student))


@pytest.mark.parametrize("swapped", [False, True])
def test_no_gradient_reaches_the_teacher(swapped):
    student, teacher = logits(2, 5, 6), logits(2, 5, 6)
    loss = SpatialDistillation(swapped)(branches(student, teacher), MASK)
    assert torch.autograd.grad(loss, [student, teacher], allow_unused=True)[1] is None


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_is_single_inside(dtype):
    student, teacher = ((1e4 * torch.randn(1, 5, 16)).to(dtype) for _ in range(2))
    loss = SpatialDistillation()(branches(student, teacher), MASK)
    assert loss.dtype == torch.float32
    assert loss.isfinite()


def test_spatial_prototypes_are_needed():
    student = Branch(torch.zeros(1, 2, 2, 2))
    with pytest.raises(ValueError, match="this classifier gives no spatial prototypes"):
        SpatialDistillation()(Prediction(student, teacher=student), MASK)


def test_a_smaller_last_oracle_group_weighs_as_much_as_the_others():
    student, teacher = logits(5, 4, 6), logits(5, 4, 6)
    mask = torch.zeros(5, 4, 4, dtype=torch.long)
    mine = SpatialDistillation(group=2)(branches(student, teacher), mask)
    theirs = sum(equations.spatial(student[g], teacher[g]) for g in ([0, 1], [2, 3], [4])) / 3
    close(mine, theirs)
    close(*gradient(mine, student), *gradient(theirs, student))
