import cv2
import equations
import numpy as np
import pytest
import torch
from cases import close, gradient, labels, logits, prediction
from torch.nn import functional

from segadapt.losses.response import ResponseDistillation

CLASSES = 4


def given(images=3, size=6):
    student, teacher, coarse = (logits(images, CLASSES, size, size) for _ in range(3))
    target = labels(images, size, size, CLASSES)
    target[-1] = 2
    target[-1, :2] = 255
    return prediction(student=student, teacher=teacher, coarse=coarse), target


@pytest.mark.parametrize("group", [None, 1, 2])
@pytest.mark.parametrize(
    ("settings", "equation"),
    [
        pytest.param({}, {"source": "teacher"}, id="released CAC"),
        pytest.param(
            {"label_mix": 0.0, "class_average": "all"},
            {"source": "teacher", "label_mix": 0, "all_classes": True},
            id="CAC Eq. 11",
        ),
        pytest.param(
            {"entropy": False, "class_wise": False, "label_mix": 0.0},
            {"class_wise": False, "label_mix": 0},
            id="Table 3 b",
        ),
        pytest.param(
            {"class_wise": False}, {"source": "teacher", "class_wise": False}, id="Table 3 c"
        ),
        pytest.param({"entropy": False}, {}, id="Table 3 d"),
        pytest.param({"entropy_source": "student"}, {"source": "student"}, id="Table 3 (1)"),
        pytest.param({"entropy_source": "coarse"}, {"source": "coarse"}, id="Table 3 (2)"),
    ],
)
def test_equals_the_equations_of_cac(settings, equation, group):
    branches, target = given()
    source = equation.get("source")
    mine = ResponseDistillation(**settings, group=group)(branches, target)
    theirs = equations.response(
        branches.student.logits,
        branches.teacher.logits,
        target,
        group=group,
        **{**equation, "source": source and getattr(branches, source).logits},
    )
    student = branches.student.logits
    close(mine, theirs)
    close(*gradient(mine, student), *gradient(theirs, student))


@pytest.mark.parametrize(
    ("settings", "equation"),
    [
        pytest.param({"edge_size": 3, "border": 2}, {}, id="release"),
        pytest.param(
            {"edge_size": 4, "border": 0, "label_mix": 0.0, "class_average": "all"},
            {"label_mix": 0, "all_classes": True},
            id="paper",
        ),
        pytest.param(
            {"edge_size": 2, "border": 0, "class_wise": False}, {"class_wise": False}, id="-E"
        ),
        pytest.param({"edge_size": 3, "border": 0, "entropy": False}, {"source": None}, id="-H"),
    ],
)
def test_equals_the_equations_of_ssa(settings, equation):
    branches, target = given(images=2, size=10)
    target[0, 3:7, 2:8] = 1
    bands = []
    for image in target.numpy().astype(np.uint8):
        edges = cv2.Canny(image, 0.1, 0.2)
        frame = np.zeros_like(edges)
        inside = slice(settings["border"], 10 - settings["border"])
        frame[inside, inside] = edges[inside, inside]
        square = np.ones((settings["edge_size"],) * 2, np.uint8)
        bands.append(torch.from_numpy(cv2.dilate(frame, square) > 0))
    mine = ResponseDistillation(**settings, boundary="canny")(branches, target)
    student, teacher = branches.student.logits, branches.teacher.logits
    theirs = equations.response(
        student, teacher, target, **{"source": teacher, "boundary": torch.stack(bands), **equation}
    )
    close(mine, theirs)
    close(*gradient(mine, student), *gradient(theirs, student))


def test_the_vanilla_form_is_the_kl_divergence_up_to_the_teachers_entropy():
    branches, target = given()
    vanilla = ResponseDistillation(entropy=False, class_wise=False, label_mix=0.0)
    student, teacher = branches.student.logits, branches.teacher.logits.detach()
    mine = vanilla(branches, target.zero_())
    theirs = functional.kl_div(
        student.log_softmax(1), teacher.log_softmax(1), reduction="none", log_target=True
    )
    close(*gradient(mine, student), *gradient(theirs.sum(1).mean(), student))


def test_labels_are_shrunk_to_the_grid():
    branches, target = given()
    larger = target.repeat_interleave(4, 1).repeat_interleave(4, 2)
    term = ResponseDistillation(boundary="change", border=0)
    assert term(branches, larger) == term(branches, target)


@pytest.mark.parametrize("source", ["teacher", "student", "coarse"])
def test_gradient_reaches_only_the_student(source):
    branches, target = given()
    loss = ResponseDistillation(entropy_source=source)(branches, target)
    inputs = [branches.student.logits, branches.teacher.logits, branches.coarse.logits]
    student, teacher, coarse = torch.autograd.grad(loss, inputs, allow_unused=True)
    assert student.any()
    assert teacher is None
    assert coarse is None


def test_ignored_pixels_do_not_matter():
    branches, target = given()
    term = ResponseDistillation(boundary="canny", border=0)
    (slope,) = gradient(term(branches, target), branches.student.logits)
    assert not slope.movedim(1, -1)[target == 255].any()
    assert slope.movedim(1, -1)[target != 255].any(1).all()


@pytest.mark.parametrize("boundary", ["none", "canny", "change"])
def test_nothing_labelled_is_zero_with_zero_gradient(boundary):
    branches, target = given()
    loss = ResponseDistillation(boundary=boundary, group=2)(branches, torch.full_like(target, 255))
    assert loss.item() == 0
    assert not gradient(loss, branches.student.logits)[0].any()


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_is_finite_and_single_inside(dtype):
    scores = [(1e4 * torch.randn(2, CLASSES, 6, 6)).to(dtype).requires_grad_() for _ in range(2)]
    branches = prediction(student=scores[0], teacher=scores[1])
    loss = ResponseDistillation(boundary="canny")(branches, labels(2, 6, 6, CLASSES))
    assert loss.dtype == torch.float32
    assert loss.isfinite()
    assert gradient(loss, scores[0])[0].isfinite().all()


def test_one_class():
    branches = prediction(student=logits(1, 1, 4, 4), teacher=logits(1, 1, 4, 4))
    assert ResponseDistillation()(branches, torch.zeros(1, 4, 4, dtype=torch.long)).item() == 0


def test_a_teacher_is_needed():
    with pytest.raises(ValueError, match="this classifier gives no teacher"):
        ResponseDistillation()(prediction(student=logits(1, 2, 3, 3)), labels(1, 3, 3, 2))


def test_nothing_reads_a_value_on_the_host():
    scores = [torch.zeros(2, CLASSES, 20, 20, device="meta", requires_grad=True) for _ in range(2)]
    mask = torch.zeros(2, 40, 40, dtype=torch.uint8, device="meta")
    branches = prediction(student=scores[0], teacher=scores[1])
    ResponseDistillation(boundary="canny", group=1)(branches, mask).backward()
    assert scores[0].grad.shape == scores[0].shape


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"entropy_source": "p"},
            "Unknown entropy_source 'p'. Available: teacher, student, coarse.",
        ),
        ({"class_average": "n"}, "Unknown class_average 'n'. Available: present, all"),
        ({"boundary": "sobel"}, "Unknown boundary 'sobel'. Available: none, canny, change"),
        ({"label_mix": 1.5}, "label_mix is 1.5; it must be from 0 to 1"),
        ({"edge_size": 0}, "edge_size is 0 and border"),
        ({"border": -1}, "border -1"),
        ({"group": 0}, "group is 0; it must be a number of images"),
    ],
)
def test_wrong_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        ResponseDistillation(**arguments)
