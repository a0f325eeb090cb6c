"""The kernels' numbers: on a card where there is one, else by Triton's interpreter on the CPU.

The interpreter computes one program after the other in NumPy. It shows that the arithmetic, the
masks and the addresses are right. It cannot show what the compiler makes of them: layouts,
barriers, shared memory, the precision of tensor cores, and rounding to bfloat16 (it truncates).
"""

import equations
import pytest
import torch
import torch.nn.functional as F
from card import DEVICE
from cases import close, gradient, labels, logits

from segadapt.losses.cross_entropy import CrossEntropy
from segadapt.losses.dice import Dice
from segadapt.losses.kernels.axis import axis_of
from segadapt.losses.parts import label_counts
from segadapt.losses.parts.fused import fused_loss


@pytest.fixture
def kernel_loss():
    triton = pytest.importorskip("triton")
    if DEVICE == "cpu" and tuple(map(int, triton.__version__.split(".")[:2])) < (3, 7):
        pytest.skip("the interpreter of this version has no loops whose bounds are computed")
    from segadapt.losses.kernels.one_pass import kernel_loss

    def computed(losses, scores, mask, align_corners=False, group=None):
        losses = [loss.to(DEVICE) for loss in losses]
        return kernel_loss(losses, scores.to(DEVICE), mask.to(DEVICE), align_corners, group).cpu()

    return computed


def single(scores):
    return scores.detach().float().requires_grad_()


def test_equals_the_equations_as_loops(kernel_loss):
    scores, mask = logits(2, 3, 2, 3), labels(2, 5, 7, 3)
    given = single(scores)
    mine = kernel_loss([CrossEntropy("valid"), Dice()], given, mask)
    larger = equations.resize(scores, (5, 7), False)
    theirs = equations.cross_entropy(larger, mask, "valid") + equations.dice(larger, mask)
    close(mine, theirs, 1e-6)
    close(*gradient(mine, given), *gradient(theirs, scores), 1e-6)


SHAPES = {
    "tiles": (1, 19, 18, 32, 72, 128),
    "odd sizes": (2, 19, 7, 9, 27, 35),
    "two classes": (2, 2, 9, 16, 33, 61),
    "one class": (1, 1, 4, 4, 9, 9),
    "150 classes": (1, 150, 4, 5, 13, 17),
    "151 classes": (1, 151, 3, 4, 12, 16),
    "300 classes": (1, 300, 3, 3, 11, 9),
    "1024 classes": (1, 1024, 2, 2, 4, 5),
    "same size": (1, 5, 12, 17, 12, 17),
    "smaller": (1, 3, 30, 33, 7, 5),
    "one cell": (1, 3, 1, 1, 5, 7),
    "one pixel": (1, 3, 5, 5, 1, 1),
    "one row": (1, 3, 1, 20, 1, 90),
    "wide stride": (1, 4, 3, 3, 50, 99),
}


@pytest.mark.slow
@pytest.mark.parametrize("align_corners", [False, True])
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())
def test_equals_torch_in_double_precision(shape, align_corners, kernel_loss):
    images, classes, height, width, *size = shape
    scores, mask = logits(images, classes, height, width), labels(images, *size, classes)
    mask[torch.rand(mask.shape) < 0.1] = 255
    if classes > 255:  # then that is a class, and no byte holds all
        mask[mask == 255] = 0
    weight = torch.rand(classes) + 0.5
    losses = [CrossEntropy("valid", weight=weight.tolist()), Dice(), Dice(squared=True)]
    given, kept = single(scores), mask.to(torch.uint8 if classes <= 255 else torch.int32)
    mine = kernel_loss(losses, given, kept, align_corners)
    theirs = written_out(scores, mask, weight, align_corners)
    wanted = gradient(theirs, scores)[0]
    close(mine, theirs, 1e-6)
    assert (gradient(mine, given)[0] - wanted).abs().max() <= 1e-6 * wanted.abs().max()


def written_out(scores, mask, weight, align_corners):
    larger = F.interpolate(scores, mask.shape[1:], mode="bilinear", align_corners=align_corners)
    label = mask.where(mask != 255, 0)
    own = larger.log_softmax(1).gather(1, label[:, None])[:, 0]
    factor = weight.double()[label] * (mask != 255)
    total = -(own * factor).sum() / factor.sum().clamp_min(1e-12)
    return total + equations.dice(larger, mask) + equations.dice(larger, mask, squared=True)


CASES = {
    "mean over all": ([CrossEntropy("all")], None),
    "groups": ([CrossEntropy("valid", weight=[0.5, 2.0, 1.0, 3.0]), Dice()], 2),
    "a class is ignored": ([CrossEntropy("valid", ignore=1), Dice(ignore=1)], None),
    "both means": ([CrossEntropy("valid"), CrossEntropy("all"), Dice(smoothing=0.0)], 1),
    "Dice alone": ([Dice(squared=True)], None),
}


@pytest.mark.slow
@pytest.mark.parametrize(("losses", "group"), CASES.values(), ids=CASES.keys())
def test_equals_the_strips(losses, group, kernel_loss):
    scores, mask = logits(3, 4, 3, 5), labels(3, 10, 13, 3)
    mask[1] = 255
    if losses[-1].ignore == 1:
        mask[mask == 255] = 1
    given = single(scores)
    mine = kernel_loss(losses, given, mask, True, group)
    theirs = fused_loss([loss.to("cpu") for loss in losses], scores, mask, True, group)
    close(mine, theirs, 1e-6)
    wanted = gradient(theirs, scores)[0]
    assert (gradient(mine, given)[0] - wanted).abs().max() <= 1e-6 * wanted.abs().max()


@pytest.mark.slow
def test_without_any_label_there_is_neither_loss_nor_gradient(kernel_loss):
    given, mask = single(logits(2, 5, 3, 4)), torch.full((2, 9, 11), 255)
    loss = kernel_loss([CrossEntropy("valid"), Dice()], given, mask)
    assert loss == 0
    assert not gradient(loss, given)[0].any()


def test_labels_outside_the_classes_count_as_ignored(kernel_loss, monkeypatch):
    monkeypatch.setattr(label_counts, "_on_cpu", label_counts._elsewhere)  # which refuses them
    given, mask = single(logits(2, 3, 2, 3)), labels(2, 5, 7, 3)
    wrong = mask.clone()
    mask[:, 1], wrong[:, 1] = 255, torch.tensor([254, 3, 4, 100, 256, -1, -300])
    losses = [CrossEntropy("valid"), Dice()]
    mine, theirs = (kernel_loss(losses, given, some) for some in (wrong, mask))
    assert mine == theirs
    assert torch.equal(gradient(mine, given)[0], gradient(theirs, given)[0])


@pytest.mark.slow
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_scores_in_half_precision_are_computed_in_single(dtype, kernel_loss):
    half = logits(1, 20, 5, 6).detach().to(dtype).requires_grad_()
    whole, mask = single(half), labels(1, 20, 23, 20)
    losses = [CrossEntropy("all"), Dice()]
    mine, theirs = (kernel_loss(losses, scores, mask, True) for scores in (half, whole))
    close(mine, theirs, 1e-6)
    small, wanted = gradient(1024 * mine, half)[0], gradient(1024 * theirs, whole)[0]
    assert small.dtype == dtype
    unit = torch.finfo(dtype).eps  # the interpreter truncates to bfloat16
    assert (small - wanted).abs().max() <= unit * wanted.abs().max()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:overflow encountered in exp")  # whose inverse is 0: right
@pytest.mark.parametrize("extreme", [3e4, -3e4])
def test_extreme_scores_are_finite(extreme, kernel_loss):
    given = torch.zeros(1, 3, 2, 2)
    given[0, 1] = extreme
    given.requires_grad_()
    loss = kernel_loss([CrossEntropy("all"), Dice()], given, labels(1, 4, 4, 3))
    assert loss.isfinite()
    assert gradient(loss, given)[0].isfinite().all()


@pytest.mark.slow
@pytest.mark.parametrize("layout", ["channels last", "transposed", "sliced", "expanded"])
def test_any_memory_layout_and_what_follows_the_loss(layout, kernel_loss):
    scores, mask = logits(2, 4, 3, 5).detach().float(), labels(2, 7, 9, 4)
    if layout == "expanded":
        scores = scores[:1].expand(2, -1, -1, -1)
    wanted = scores.contiguous().requires_grad_()
    given = {
        "channels last": lambda: scores.contiguous(memory_format=torch.channels_last),
        "transposed": lambda: scores.mT.contiguous().mT,
        "sliced": lambda: torch.cat([scores, scores], 3)[..., :5],
        "expanded": lambda: scores,
    }[layout]()
    given = given.detach().requires_grad_()
    mine, theirs = (kernel_loss([CrossEntropy("all")], s, mask) for s in (given, wanted))
    assert mine == theirs
    close(gradient(7 * mine, given)[0], 7 * gradient(theirs, wanted)[0], 1e-6)


def test_what_it_cannot_compute_is_refused(kernel_loss):
    scores, mask = logits(1, 2, 3, 3), labels(1, 6, 6, 2)
    with pytest.raises(ValueError, match=r"scores in torch.float64; use loss.kernel=strips"):
        kernel_loss([CrossEntropy()], scores, mask)
    loss = kernel_loss([CrossEntropy()], given := single(scores), mask)
    with pytest.raises(RuntimeError, match="no second derivative"):
        torch.autograd.grad(loss, given, create_graph=True)


@pytest.mark.parametrize("align_corners", [False, True])
@pytest.mark.parametrize("sizes", [(7, 27), (27, 7), (1, 5), (5, 1), (64, 256), (9, 9), (3, 999)])
def test_positions_are_the_exact_ones(sizes, align_corners):
    cells, pixels = sizes
    axis = axis_of(cells, pixels, align_corners)
    for pixel in range(pixels):
        lower, rest = divmod(max(pixel * axis.step + axis.shift, 0), axis.unit)
        (low, _), (_, fraction) = equations.taps(pixel, cells, pixels, align_corners)
        assert min(lower, cells - 1) + rest / axis.unit == pytest.approx(low + fraction, abs=1e-12)


def test_sizes_whose_positions_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="cannot resize 30000 cells to 30000 pixels"):
        axis_of(30_000, 30_000, False)
