import pytest
import torch
from torch import nn

from segadapt.losses.cross_entropy import CrossEntropy
from segadapt.losses.dice import Dice
from segadapt.losses.objective import Objective
from segadapt.losses.parts.fused import fused_loss
from segadapt.losses.supervised import Supervised
from segadapt.training import loss_kernel
from segadapt.training.loss_kernel import choose_kernel, difference

CPU = torch.device("cpu")


def objective(kernel):
    terms = {
        "a": Supervised("student", [CrossEntropy("all"), Dice()], align_corners=True),
        "b": Supervised("coarse", [CrossEntropy("valid", weight=[1.0, 2.0, 0.5])], group=1),
        "c": Supervised("teacher", [nn.CrossEntropyLoss()]),
    }
    return Objective(terms, dict.fromkeys(terms, 1.0), kernel=kernel)


def ways(given):
    return [term.one_pass for term in given.terms.values()]


def times(factor):
    return lambda *arguments: factor * fused_loss(*arguments)


def unsteady():
    factors = iter([1.0, 1.0 + 1e-6] * 9)
    return lambda *arguments: next(factors) * fused_loss(*arguments)


def breaks(*_):
    raise RuntimeError("first line\nno C compiler")


@pytest.fixture
def on_a_card(monkeypatch):
    """A machine where kernels could run, and what they are there."""
    monkeypatch.setattr(loss_kernel, "_obstacle", lambda *_: None)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda _: "a card")
    monkeypatch.setattr(torch.cuda, "synchronize", lambda _: None)

    def kernels(one_pass):
        monkeypatch.setattr(loss_kernel, "_kernel_loss", lambda: one_pass)
        return one_pass

    return kernels


def test_a_cpu_has_strips_and_nothing_to_say_about_it():
    for kernel in ("auto", "strips"):
        given = objective(kernel)
        assert choose_kernel(given, 3, CPU, "32-true") == ("strips", None)
        assert ways(given) == [fused_loss] * 3


def test_kernels_where_they_cannot_run_are_refused_in_a_sentence():
    with pytest.raises(
        ValueError, match=r"loss\.kernel=triton is not possible: the training runs "
    ):
        choose_kernel(objective("triton"), 3, CPU, "32-true")


def test_an_unknown_kernel_is_refused():
    with pytest.raises(ValueError, match=r"Unknown loss\.kernel 'cuda'\. Available: auto, strips"):
        objective("cuda")


def test_kernels_that_agree_compute_every_term_of_ours(on_a_card):
    one_pass = on_a_card(times(1.0))
    for kernel in ("auto", "triton"):
        given = objective(kernel)
        choice = choose_kernel(given, 3, CPU, "bf16-mixed")
        assert choice.kernel == "triton"
        assert choice.line == "Pixel losses: Triton kernels, equal to the strips on a card"
        assert ways(given) == [one_pass, one_pass, fused_loss]


WRONG = {
    "differ": (times(1.001), "the loss of torch.float32 scores differs from that of the strips"),
    "give NaN": (times(float("nan")), "differs from that of the strips by nan"),
    "change": (unsteady(), "loss and gradient of torch.float32 scores change from call to call"),
    "break": (breaks, "RuntimeError: no C compiler"),
}


@pytest.mark.parametrize(("one_pass", "reason"), WRONG.values(), ids=WRONG.keys())
def test_kernels_that_are_wrong_leave_the_strips_or_are_refused(one_pass, reason, on_a_card):
    on_a_card(one_pass)
    given = objective("auto")
    choice = choose_kernel(given, 3, CPU, "32-true")
    assert choice.kernel == "strips"
    assert choice.line.startswith("Pixel losses: strips, because")
    assert reason in choice.line
    assert ways(given) == [fused_loss] * 3
    with pytest.raises(ValueError, match=r"loss\.kernel=triton is not possible"):
        choose_kernel(objective("triton"), 3, CPU, "32-true")


def test_a_device_that_is_unusable_afterwards_ends_the_training(on_a_card, monkeypatch):
    on_a_card(breaks)
    monkeypatch.setattr(torch.cuda, "synchronize", breaks)
    with pytest.raises(ValueError, match=r"has left cpu unusable .* use loss\.kernel=strips"):
        choose_kernel(objective("auto"), 3, CPU, "32-true")


@pytest.mark.parametrize("align_corners", [False, True])
@pytest.mark.parametrize("stride", [4, 8])
def test_kernels_that_are_wrong_at_one_stride_are_found(stride, align_corners):
    """At stride 8 a program of the kernels goes through its pixels of a row in parts."""

    def one_pass(losses, scores, mask, *options):
        wrong = round(mask.shape[-1] / scores.shape[-1]) == stride
        return (1.001 if wrong else 1.0) * fused_loss(losses, scores, mask, *options)

    term = Supervised("student", [CrossEntropy("all")], align_corners)
    said = difference(term, one_pass, 3, CPU, torch.float32)
    assert said is not None
    assert "the loss of torch.float32 scores differs" in said


IGNORED = {
    "a class": ([CrossEntropy(ignore=0)], {0}),
    "no class": ([CrossEntropy(ignore=7), Dice(ignore=7)], {7}),
    "the default": ([CrossEntropy("all"), Dice()], {255}),
    "different ones": ([CrossEntropy(ignore=0), Dice(), Dice(ignore=9)], set()),
}


@pytest.mark.parametrize(("losses", "ignored"), IGNORED.values(), ids=IGNORED.keys())
def test_the_check_ignores_what_the_losses_ignore(losses, ignored):
    seen = set()

    def one_pass(losses, scores, mask, *options):
        seen.update(mask.unique().tolist())
        return fused_loss(losses, scores, mask, *options)

    assert difference(Supervised("student", losses), one_pass, 3, CPU, torch.float32) is None
    assert seen == {0, 1, 2} | ignored


def test_the_check_draws_no_random_number_of_the_training():
    before = torch.get_rng_state()
    term = Supervised("student", [CrossEntropy("all")])
    assert difference(term, fused_loss, 3, CPU, torch.float32) is None
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.slow
def test_the_kernels_themselves_pass_the_check():
    pytest.importorskip("triton")
    from segadapt.losses.kernels.one_pass import kernel_loss

    for term in list(objective("auto").terms.values())[:2]:
        assert difference(term, kernel_loss, 3, CPU, torch.float32) is None
