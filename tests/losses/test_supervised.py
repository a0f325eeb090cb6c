import pytest
import torch
import torch.nn.functional as F
from cases import close, gradient, labels, logits, prediction
from segmentation_models_pytorch.losses import DiceLoss
from torch import nn

from segadapt.losses.cross_entropy import CrossEntropy
from segadapt.losses.dice import Dice
from segadapt.losses.supervised import Supervised

IGNORING = nn.CrossEntropyLoss(ignore_index=255)


@pytest.mark.parametrize("align_corners", [False, True])
def test_foreign_losses_get_upsampled_scores(align_corners):
    scores, mask = logits(2, 3, 4, 5), labels(2, 16, 20, 3)
    dice = DiceLoss("multiclass", ignore_index=255)
    term = Supervised("coarse", [IGNORING, dice], align_corners)
    larger = F.interpolate(scores, (16, 20), mode="bilinear", align_corners=align_corners)
    mine, theirs = (
        term(prediction(coarse=scores), mask),
        IGNORING(larger, mask) + dice(larger, mask),
    )
    close(mine, theirs)
    close(*gradient(mine, scores), *gradient(theirs, scores))


@pytest.mark.parametrize("align_corners", [False, True])
def test_own_and_foreign_losses_add_up(align_corners):
    scores, mask = logits(2, 3, 4, 5), labels(2, 16, 20, 3)

    def term(*pixel: nn.Module) -> torch.Tensor:
        return Supervised("student", pixel, align_corners)(prediction(student=scores), mask)

    theirs = term(IGNORING, IGNORING) + term(Dice())
    mine = term(IGNORING, CrossEntropy("valid"), Dice())
    close(mine, theirs)
    close(*gradient(mine, scores), *gradient(theirs, scores))


def test_the_branch_is_supervised_and_no_other():
    branches = {name: logits(1, 3, 4, 4) for name in ("student", "coarse", "teacher", "auxiliary")}
    mask = labels(1, 8, 8, 3)
    for name, scores in branches.items():
        loss = Supervised(name, [CrossEntropy()])(prediction(**branches), mask)
        (slope,) = gradient(loss, scores)
        assert slope.any()
        others = [other for key, other in branches.items() if key != name]
        assert torch.autograd.grad(loss, others, allow_unused=True) == (None,) * 3


def test_groups_of_images():
    scores, mask = logits(3, 3, 4, 4), labels(3, 8, 8, 3)
    mask[0, 2:] = 255
    grouped = Supervised("student", [CrossEntropy("valid")], group=2)
    alone = Supervised("student", [CrossEntropy("valid")])
    parts = [
        alone(prediction(student=scores[part]), mask[part]) for part in (slice(0, 2), slice(2, 3))
    ]
    close(grouped(prediction(student=scores), mask), (parts[0] + parts[1]) / 2)


def test_an_absent_branch_is_refused_or_left_out():
    given, mask = prediction(student=logits(1, 3, 4, 4)), labels(1, 8, 8, 3)
    assert Supervised("auxiliary", [CrossEntropy()], optional=True)(given, mask) is None
    with pytest.raises(ValueError, match="this classifier gives no auxiliary branch"):
        Supervised("auxiliary", [CrossEntropy()])(given, mask)


def test_modules_are_registered():
    term = Supervised("student", [CrossEntropy(weight=[1.0, 2.0]), IGNORING])
    assert [name for name, _ in term.named_buffers()] == ["pixel.0.weight"]
    moved = term.to(torch.float16)
    assert moved.fused[0].weight.dtype == torch.float16


@pytest.mark.parametrize("pixel", [[CrossEntropy()], [IGNORING]])
def test_half_precision_is_finite_and_single_inside(pixel):
    scores = logits(1, 3, 4, 4).detach().bfloat16().requires_grad_()
    loss = Supervised("student", pixel)(prediction(student=scores), labels(1, 8, 8, 3))
    loss.backward()
    assert loss.dtype == torch.float32
    assert scores.grad.isfinite().all()


def test_a_wrong_label_is_named():
    given, mask = prediction(student=logits(1, 3, 4, 4)), torch.full((1, 8, 8), 3)
    with pytest.raises(ValueError, match="the labels hold 3, but there are 3 classes"):
        Supervised("student", [CrossEntropy()])(given, mask)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"branch": "pupil", "pixel": [IGNORING]}, "Unknown branch 'pupil'. Available: student"),
        ({"branch": "student", "pixel": []}, "no pixel loss"),
        ({"branch": "student", "pixel": [IGNORING], "group": 0}, "group is 0"),
    ],
)
def test_wrong_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        Supervised(**arguments)
