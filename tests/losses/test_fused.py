import inspect

import equations
import pytest
import torch
import torch.nn.functional as F
from cases import close, gradient, labels, logits

from segadapt.losses.cross_entropy import CrossEntropy
from segadapt.losses.dice import Dice
from segadapt.losses.parts import label_counts, plane_resize, strip_pass, strip_resize, workspace
from segadapt.losses.parts.fused import fused_loss

BOTH = [CrossEntropy("all"), Dice()]


@pytest.fixture(params=["planes", "pixels"], autouse=True)
def layout(request, monkeypatch):
    """Few classes and many on the CPU; the second is also what a GPU does."""
    monkeypatch.setattr(strip_pass, "FEW", {"planes": 64, "pixels": 0}[request.param])
    return request.param


def set_strip(monkeypatch, scores):
    """Strips of so many scores, down to one row."""
    monkeypatch.setattr(workspace, "STRIP", scores)
    monkeypatch.setattr(plane_resize, "STRIP", max(scores // torch.get_num_threads(), 1))
    monkeypatch.setattr(plane_resize, "LOWEST", 1)


def written_out(scores, mask, align_corners):
    larger = F.interpolate(scores, mask.shape[1:], mode="bilinear", align_corners=align_corners)
    pixels = F.cross_entropy(larger, mask, ignore_index=255, reduction="none")
    return pixels.mean() + equations.dice(larger, mask)


@pytest.mark.parametrize("align_corners", [False, True])
def test_equals_the_equations_with_resizing_as_loops(align_corners):
    scores, mask = logits(2, 3, 3, 4), labels(2, 7, 9, 3)
    mine = fused_loss(BOTH, scores, mask, align_corners)
    larger = equations.resize(scores, (7, 9), align_corners)
    theirs = equations.cross_entropy(larger, mask, "all") + equations.dice(larger, mask)
    close(mine, theirs)
    close(*gradient(mine, scores), *gradient(theirs, scores))


@pytest.mark.parametrize("align_corners", [False, True])
@pytest.mark.parametrize("size", [(33, 40), (9, 11), (5, 4), (1, 1), (17, 1)])
@pytest.mark.parametrize("strip", [1, 300, 10**6])
def test_equals_torch_in_strips_of_any_height(align_corners, size, strip, monkeypatch):
    set_strip(monkeypatch, strip)
    scores, mask = logits(2, 7, 9, 11), labels(2, *size, 7)
    mine, theirs = (f(scores, mask, align_corners) for f in (_fused, written_out))
    close(mine, theirs)
    close(*gradient(mine, scores), *gradient(theirs, scores))


@pytest.mark.parametrize("align_corners", [False, True])
@pytest.mark.parametrize("ignore", [255, 0, 1, -1])
@pytest.mark.parametrize("weight", [None, [0.5, 2.0]])
def test_two_classes_equal_torch(align_corners, ignore, weight, monkeypatch):
    """Resized as the difference of their scores."""
    set_strip(monkeypatch, 70)
    scores, mask = logits(3, 2, 5, 6), torch.randint(2, (3, 13, 17))
    mask[0, :3], mask[2] = ignore, ignore
    larger = F.interpolate(scores, (13, 17), mode="bilinear", align_corners=align_corners)
    factors = None if weight is None else torch.tensor(weight, dtype=torch.float64)
    theirs = F.cross_entropy(larger, mask, factors, ignore_index=ignore)
    mine = fused_loss([CrossEntropy("valid", ignore, weight)], scores, mask, align_corners)
    close(mine, theirs)
    close(*gradient(mine, scores), *gradient(theirs, scores))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_two_classes_in_single_precision(dtype):
    scores, mask = logits(4, 2, 16, 16).detach().to(dtype).double(), labels(4, 64, 64, 3)
    scores.requires_grad_()
    narrow = scores.detach().to(dtype).requires_grad_()
    mine = fused_loss([CrossEntropy()], narrow, mask)
    larger = F.interpolate(scores, (64, 64), mode="bilinear")
    theirs = F.cross_entropy(larger, mask, ignore_index=255)
    close(mine, theirs, 1e-6)
    wanted = gradient(theirs, scores)[0]
    error = (gradient(mine, narrow)[0] - wanted).abs().max() / wanted.abs().max()
    assert error < (1e-6 if dtype == torch.float32 else 2**-8)


def test_only_losses_of_differences_get_them():
    scores, mask = logits(2, 2, 4, 5), labels(2, 8, 10, 3)
    mine, theirs = (f(scores, mask, False) for f in (_fused, written_out))
    close(mine, theirs)
    close(*gradient(mine, scores), *gradient(theirs, scores))


@pytest.mark.parametrize("together", [1, 2, 3, 5])
@pytest.mark.parametrize("group", [None, 1, 2])
def test_equals_torch_with_any_number_of_images_at_a_time(together, group, monkeypatch):
    set_strip(monkeypatch, together * 4 * 10 * 13)
    scores, mask = logits(5, 4, 4, 5), labels(5, 10, 13, 4)
    mask[3] = 255
    mine = fused_loss([CrossEntropy("valid"), Dice()], scores, mask, False, group)
    larger = equations.resize(scores, (10, 13), False)
    groups = zip(larger.split(group or 5), mask.split(group or 5), strict=True)
    means = [equations.cross_entropy(*few, "valid") for few in groups if (few[1] != 255).any()]
    theirs = sum(means) / -(-5 // (group or 5)) + equations.dice(larger, mask)
    close(mine, theirs)
    close(*gradient(mine, scores), *gradient(theirs, scores))


def _fused(scores, mask, align_corners):
    return fused_loss(BOTH, scores, mask, align_corners)


def test_gradient_in_single_precision():
    scores, mask = logits(4, 20, 16, 16, scale=1.0), labels(4, 64, 64, 20)
    single = scores.detach().float().requires_grad_()
    mine, theirs = _fused(single, mask, True), written_out(scores, mask, True)
    close(mine, theirs, 1e-6)
    wanted = gradient(theirs, scores)[0]
    error = (gradient(mine, single)[0] - wanted).abs().max() / wanted.abs().max()
    assert error < 1e-6


def test_gradcheck():
    scores, mask = logits(2, 3, 3, 2, scale=1.0), labels(2, 5, 4, 3)
    losses = [CrossEntropy("valid", weight=[1.0, 2.0, 0.5]), Dice(), Dice(squared=True)]
    assert torch.autograd.gradcheck(lambda x: fused_loss(losses, x, mask, True, group=1), [scores])


def test_gradient_scales_with_what_follows():
    scores, mask = logits(1, 3, 4, 4), labels(1, 8, 8, 3)
    loss = fused_loss(BOTH, scores, mask)
    close(gradient(7 * loss, scores)[0], 7 * gradient(loss, scores)[0])


def test_there_is_no_second_derivative():
    scores = logits(1, 2, 3, 3)
    loss = fused_loss([CrossEntropy()], scores, labels(1, 6, 6, 2))
    with pytest.raises(RuntimeError, match="no second derivative"):
        torch.autograd.grad(loss, scores, create_graph=True)


@pytest.mark.parametrize("classes", [2, 3, 9])
@pytest.mark.parametrize("ignore", [None, 0, 7, -1])
def test_labels_outside_the_classes_count_as_ignored_on_a_gpu(classes, ignore, monkeypatch):
    """On a CPU they are refused; here they are counted as on a GPU, which would have to wait."""
    monkeypatch.setattr(label_counts, "_on_cpu", label_counts._elsewhere)
    losses = [CrossEntropy("valid", ignore, [1.0 + k for k in range(classes)]), Dice(ignore=ignore)]
    scores, mask = logits(2, classes, 3, 4), labels(2, 7, 9, classes)
    wrong = mask.clone()
    mask[:, 1] = 255 if ignore is None else ignore
    wrong[:, 1] = torch.tensor([255, -1, classes, 300, 254, -100, 99, 256, -256])
    mine, theirs = (fused_loss(losses, scores, given) for given in (wrong, mask))
    close(mine, theirs)
    close(*gradient(mine, scores), *gradient(theirs, scores))


def test_without_gradient_only_the_value_is_computed(monkeypatch):
    scores, mask = logits(2, 3, 4, 4), labels(2, 8, 8, 3)
    wanted = fused_loss(BOTH, scores, mask).item()

    def fails(*_):
        raise AssertionError

    monkeypatch.setattr(strip_resize.PixelResizer, "put", fails)
    monkeypatch.setattr(plane_resize.PlaneResizer, "put", fails)
    with torch.no_grad():
        loss = fused_loss(BOTH, scores, mask)
    assert loss.item() == wanted
    assert fused_loss(BOTH, scores.detach(), mask).item() == wanted


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("autocast", [False, True])
def test_half_precision_scores_are_computed_in_single(dtype, autocast):
    half = logits(2, 3, 4, 4).detach().to(dtype).requires_grad_()
    single = half.detach().float().requires_grad_()
    mask = labels(2, 16, 16, 3)
    with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
        mine = fused_loss(BOTH, half, mask)
    theirs = fused_loss(BOTH, single, mask)
    assert mine.dtype == torch.float32
    assert mine == theirs
    mine.backward()
    theirs.backward()
    assert half.grad.dtype == dtype
    assert torch.equal(half.grad, single.grad.to(dtype))


@pytest.mark.parametrize("extreme", [3e4, -3e4])
@pytest.mark.parametrize("losses", [BOTH, [CrossEntropy()]])
@pytest.mark.parametrize("classes", [2, 3])
def test_extreme_scores_are_finite(extreme, losses, classes):
    scores = torch.zeros(1, classes, 2, 2, dtype=torch.float16)
    scores[0, 1] = extreme
    scores.requires_grad_()
    loss = fused_loss(losses, scores, labels(1, 4, 4, classes))
    loss.backward()
    assert loss.isfinite()
    assert scores.grad.isfinite().all()


@pytest.mark.parametrize("layout", ["channels last", "transposed", "sliced", "expanded"])
def test_any_memory_layout(layout):
    scores, mask = logits(2, 4, 5, 6).detach(), labels(2, 10, 12, 4)
    if layout == "expanded":
        scores = scores[:1].expand(2, -1, -1, -1)
    wanted = scores.contiguous().requires_grad_()
    given = {
        "channels last": lambda: scores.contiguous(memory_format=torch.channels_last),
        "transposed": lambda: scores.mT.contiguous().mT,
        "sliced": lambda: torch.cat([scores, scores], 3)[..., :6],
        "expanded": lambda: scores,
    }[layout]()
    given = given.detach().requires_grad_()
    mine, theirs = fused_loss(BOTH, given, mask), fused_loss(BOTH, wanted, mask)
    close(mine, theirs)
    close(*gradient(mine, given), *gradient(theirs, wanted))


def test_labels_are_bytes_as_well():
    scores, mask = logits(2, 3, 4, 4), labels(2, 8, 8, 3)
    assert fused_loss(BOTH, scores, mask.to(torch.uint8)) == fused_loss(BOTH, scores, mask)


def test_losses_of_an_image_are_independent_of_the_batch():
    scores, mask = logits(3, 4, 5, 5), labels(3, 10, 10, 4)
    whole = fused_loss([CrossEntropy("valid")], scores, mask, group=1)
    single = [fused_loss([CrossEntropy("valid")], scores[[b]], mask[[b]]) for b in range(3)]
    close(whole, torch.stack(single).mean())


def test_nothing_reads_a_value_where_that_would_wait():
    """Tensors without values take the path of a GPU."""
    scores = torch.zeros(2, 5, 4, 4, device="meta", requires_grad=True)
    mask = torch.zeros(2, 8, 8, dtype=torch.long, device="meta")
    fused_loss(
        [CrossEntropy("valid", weight=[1.0] * 5).to("meta"), Dice()], scores, mask
    ).backward()
    assert scores.grad.shape == scores.shape


def test_autograd_gives_the_same_transposed_resize():
    """What a GPU does under deterministic algorithms."""
    for align_corners in (False, True):
        maps, grid = torch.randn(1, 3, 12, 10), torch.empty(1, 3, 4, 5)
        mine = strip_resize.transposed_by_autograd(maps, grid, align_corners)
        wanted = torch.ops.aten.upsample_bilinear2d_backward(
            maps, [12, 10], [1, 3, 4, 5], align_corners
        )
        close(mine, wanted, 1e-6)


def test_scores_and_labels_are_of_the_same_images():
    # Undecorated: outside of tests nothing checks shapes before.
    with pytest.raises(ValueError, match="scores for 2 images, but labels for 3"):
        inspect.unwrap(fused_loss)(BOTH, logits(2, 3, 4, 4), labels(3, 8, 8, 3))


def test_a_loss_in_inference_mode_leaves_training_alone():
    """Its buffers are those of the next training step."""
    scores, mask = logits(2, 3, 5, 5), labels(2, 11, 11, 3)
    workspace._kept.workspaces.clear()
    plane_resize.bands.cache_clear()
    with torch.inference_mode():
        fused_loss(BOTH, scores.detach(), mask)
    close(fused_loss(BOTH, scores, mask), written_out(scores, mask, False))


@pytest.mark.parametrize(("classes", "device"), [(64, "cpu"), (65, "cpu"), (2, "meta")])
def test_planes_are_for_few_classes_on_a_cpu(classes, device, monkeypatch):
    monkeypatch.setattr(strip_pass, "FEW", 64)
    scores = torch.empty(1, classes, 2, 2, device=device)
    kind = type(strip_pass._resizer(scores, (2, 2), (4, 4), False)).__name__
    assert kind == ("PlaneResizer" if (classes, device) == (64, "cpu") else "PixelResizer")


def test_products_in_bfloat16_resize_no_scores(layout):
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("medium")
    try:
        resizer = strip_pass._resizer(torch.empty(1, 2, 2, 2), (2, 2), (4, 4), False)
    finally:
        torch.set_float32_matmul_precision(before)
    assert isinstance(resizer, strip_resize.PixelResizer)


BACKENDS = torch.backends
SETTINGS = {
    "GPU": (BACKENDS.cuda.matmul, "tf32", True),
    "all": (BACKENDS, "tf32", True),
    "CPU": (BACKENDS.mkldnn.matmul, "bf16", False),
}


@pytest.mark.parametrize(("place", "value", "exact"), SETTINGS.values(), ids=SETTINGS.keys())
def test_the_settings_of_precision_in_torchs_backends_are_understood(place, value, exact, layout):
    scores, mask = logits(1, 3, 4, 4), labels(1, 8, 8, 3)
    wanted, before = fused_loss(BOTH, scores, mask), place.fp32_precision
    place.fp32_precision = value
    try:
        mine = fused_loss(BOTH, scores, mask)
        kind = type(strip_pass._resizer(scores, (4, 4), (8, 8), False))
    finally:
        place.fp32_precision = before
    close(mine, wanted)
    assert torch.get_float32_matmul_precision() == "highest"
    planes = layout == "planes" and exact
    assert kind is (plane_resize.PlaneResizer if planes else strip_resize.PixelResizer)
