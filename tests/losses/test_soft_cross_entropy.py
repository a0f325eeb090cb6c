import pytest
import torch
import torch.nn.functional as F
from cases import close, gradient, logits

from segadapt.functional.class_order import FEW
from segadapt.losses.parts import workspace
from segadapt.losses.parts.soft_cross_entropy import row_entropy, soft_cross_entropy


def given(pixels=11, classes=4):
    student, teacher = logits(pixels, classes), logits(pixels, classes)
    return student, teacher, torch.randint(classes, (pixels,)), torch.rand(pixels).double()


@pytest.mark.parametrize("label_mix", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("strip", [1, 50, 10**6])
@pytest.mark.parametrize("classes", [4, FEW, FEW + 1])
def test_equals_torch_in_chunks_of_any_size(label_mix, strip, classes, monkeypatch):
    monkeypatch.setattr(workspace, "STRIP", strip)
    student, teacher, label, weight = given(classes=classes)
    wanted = (1 - label_mix) * teacher.detach().softmax(1) + label_mix * F.one_hot(
        label, classes
    ).double()
    theirs = (weight * F.cross_entropy(student, wanted, reduction="none")).sum()
    mine = soft_cross_entropy(student, teacher, label, weight, label_mix)
    close(mine, theirs)
    close(*gradient(3 * mine, student), *gradient(3 * theirs, student))


def test_gradcheck():
    student, teacher, label, weight = given()
    assert torch.autograd.gradcheck(
        lambda x: soft_cross_entropy(x, teacher, label, weight, 0.5), [student]
    )


def test_no_gradient_reaches_teacher_and_weights():
    student, teacher, label, weight = given()
    inputs = [student, teacher, weight.requires_grad_()]
    slopes = torch.autograd.grad(
        soft_cross_entropy(student, teacher, label, weight, 0.5), inputs, allow_unused=True
    )
    assert slopes[0].any()
    assert slopes[1:] == (None, None)


def test_there_is_no_second_derivative():
    student, *rest = given()
    with pytest.raises(RuntimeError, match="no second derivative"):
        torch.autograd.grad(soft_cross_entropy(student, *rest, 0.5), student, create_graph=True)


def test_without_gradient_the_value_is_the_same():
    student, *rest = given()
    value = soft_cross_entropy(student, *rest, 0.5)
    with torch.no_grad():
        assert soft_cross_entropy(student, *rest, 0.5) == value
    assert not soft_cross_entropy(student.detach(), *rest, 0.5).requires_grad


@pytest.mark.parametrize("classes", [4, FEW + 1])
def test_entropy(classes):
    certain = F.pad(torch.tensor([1e4]), (0, classes - 1))
    scores = torch.stack([torch.zeros(classes), certain, torch.randn(classes)])
    wanted = torch.distributions.Categorical(logits=scores).entropy()
    torch.testing.assert_close(row_entropy(scores), wanted)
