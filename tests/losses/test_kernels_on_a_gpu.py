"""What only a real card can show of the Triton kernels."""

import pytest
import torch
import torch.nn.functional as F
from cases import gradient, labels, logits

from segadapt.losses.cross_entropy import CrossEntropy
from segadapt.losses.dice import Dice
from segadapt.losses.parts.fused import fused_loss

pytestmark = pytest.mark.gpu

ERRORS = {torch.float32: 1e-5, torch.bfloat16: 2**-7, torch.float16: 2**-10}
"""Largest difference of gradients by the type of the scores, as a share of the largest gradient:
two roundings of the result in half precision."""


@pytest.fixture
def kernel_loss():
    if not torch.cuda.is_available() or torch.cuda.get_device_capability() < (8, 0):
        pytest.skip("needs a CUDA device of compute capability 8.0")
    from segadapt.losses.kernels.one_pass import kernel_loss

    return kernel_loss


def on_card(*shape, dtype=torch.float32, device="cuda"):
    scores = logits(*shape).detach().to(device, dtype)
    return scores.contiguous(memory_format=torch.channels_last).requires_grad_()


def losses_of(classes):
    weight = torch.linspace(0.5, 2.0, classes).tolist()
    losses = [CrossEntropy("valid", weight=weight), CrossEntropy("all"), Dice(), Dice(squared=True)]
    return [loss.cuda() for loss in losses]


@pytest.mark.parametrize("dtype", ERRORS)
@pytest.mark.parametrize("align_corners", [False, True])
@pytest.mark.parametrize("classes", [2, 11, 19, 150, 151, 300, 1024])
def test_equals_the_strips_in_double_precision(classes, align_corners, dtype, kernel_loss):
    scores = on_card(2, classes, 17, 33, dtype=dtype)
    mask, losses = labels(2, 67, 131, classes).cuda(), losses_of(classes)
    mine = kernel_loss(losses, scores, mask, align_corners, 1)
    exact = scores.detach().double().requires_grad_()
    theirs = fused_loss(losses, exact, mask, align_corners, 1)
    assert mine.item() == pytest.approx(theirs.item(), rel=1e-5)
    wanted = gradient(theirs, exact)[0]
    worst = (gradient(mine, scores)[0] - wanted).abs().max() / wanted.abs().max()
    assert worst <= ERRORS[dtype]


def test_large_batches_in_every_type_of_labels(kernel_loss):
    scores, mask = on_card(4, 19, 64, 128), labels(4, 256, 512, 19).cuda()
    mine = [
        kernel_loss([CrossEntropy("all")], scores, mask.to(dtype))
        for dtype in (torch.uint8, torch.int32, torch.int64)
    ]
    larger = F.interpolate(scores.double(), (256, 512), mode="bilinear")
    theirs = F.cross_entropy(larger, mask, ignore_index=255, reduction="sum") / mask.numel()
    for loss in mine:
        assert loss.item() == pytest.approx(theirs.item(), rel=1e-5)


def test_every_call_gives_the_same_bits_and_none_waits(kernel_loss):
    scores, mask, losses = on_card(4, 150, 32, 32), labels(4, 128, 128, 150).cuda(), losses_of(150)

    def computed():
        loss = kernel_loss(losses, scores, mask, True)
        return loss.detach(), gradient(loss, scores)[0]

    first = computed()  # compiles
    torch.cuda.set_sync_debug_mode("error")
    try:
        again = [computed() for _ in range(20)]
    finally:
        torch.cuda.set_sync_debug_mode("default")
    for pair in again:
        assert all(torch.equal(*both) for both in zip(first, pair, strict=True))


def test_the_stream_of_the_caller_is_used(kernel_loss):
    mask = labels(4, 256, 256, 19).cuda()
    given = on_card(4, 19, 64, 64)
    wanted = kernel_loss([CrossEntropy("all")], 2 * given, mask).item()
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        torch.cuda._sleep(50_000_000)  # on another stream the kernel would not see the product
        loss = kernel_loss([CrossEntropy("all")], 2 * given, mask)
    stream.synchronize()
    assert loss.item() == wanted


def test_memory_is_that_of_the_scores_not_of_the_pixels(kernel_loss):
    scores, mask = on_card(8, 150, 64, 64, dtype=torch.bfloat16), labels(8, 256, 256, 150).cuda()
    kernel_loss([CrossEntropy("all"), Dice()], scores, mask).backward()
    scores.grad = None
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    kernel_loss([CrossEntropy("all"), Dice()], scores, mask).backward()
    whole = 4 * 8 * 150 * 256 * 256
    assert torch.cuda.max_memory_allocated() - before < whole / 8


def test_scaled_losses_of_half_precision(kernel_loss):
    scores, mask = on_card(2, 19, 16, 16, dtype=torch.float16), labels(2, 64, 64, 19).cuda()
    with torch.autocast("cuda", torch.float16):
        loss = kernel_loss([CrossEntropy("all")], scores, mask)
    assert loss.dtype == torch.float32
    once, scaled = gradient(loss, scores)[0], gradient(2.0**14 * loss, scores)[0]
    exact = scores.detach().double().requires_grad_()
    wanted = gradient(fused_loss([CrossEntropy("all")], exact, mask), exact)[0]
    assert scaled.isfinite().all()
    error = (scaled.double() / 2**14 - wanted).abs().max()
    assert error <= (once.double() - wanted).abs().max() + 2**-11 * wanted.abs().max()


def test_another_than_the_current_device(kernel_loss):
    if torch.cuda.device_count() < 2:
        pytest.skip("needs two CUDA devices")
    mask = labels(1, 32, 32, 5)
    here = on_card(1, 5, 8, 8)
    there = here.detach().to("cuda:1").requires_grad_()
    losses = [kernel_loss([CrossEntropy("all")], s, mask.to(s.device)) for s in (here, there)]
    assert losses[1].device == there.device
    assert losses[0].item() == losses[1].item()
    assert torch.equal(gradient(losses[0], here)[0], gradient(losses[1], there)[0].to(here.device))


def test_under_a_compiled_function(kernel_loss):
    scores, mask = on_card(1, 19, 16, 16), labels(1, 64, 64, 19).cuda()

    def doubled(scores):
        return kernel_loss([CrossEntropy("all")], 2 * scores, mask)

    eager, compiled = (f(scores) for f in (doubled, torch.compile(doubled)))
    assert compiled.item() == pytest.approx(eager.item(), rel=1e-6)
    assert torch.equal(gradient(compiled, scores)[0], gradient(eager, scores)[0])
