"""The loss of one branch at label size: by torch's functions, by strips, and by Triton kernels."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final
from unittest.mock import patch

import torch
from benchmarks.harness.goals import Goal
from benchmarks.harness.gpu_context import Context
from benchmarks.harness.presentation import timing
from benchmarks.harness.scenes import labelled_batch
from benchmarks.reference.supervision import mean_over_valid, upsampled
from jaxtyping import Float, Int
from torch import Tensor

from segadapt.analysis.cost.timing import alternate, clock_for, ratio, seconds
from segadapt.losses.cross_entropy import CrossEntropy
from segadapt.losses.dice import Dice
from segadapt.losses.parts.fused import FusedLoss, fused_loss

GOALS: Final = {"strips": 3.0, "kernel": 5.0}
"""Speed relative to torch's interpolation and cross-entropy."""

LARGE: Final = (16, 150, 128)
SMALL: Final = (2, 5, 8)
"""Images, classes, and rows and columns of cells at stride 4."""

LOSSES: Final[Mapping[str, Sequence[FusedLoss]]] = {
    "cross-entropy": [CrossEntropy("valid")],
    "cross-entropy and Dice": [CrossEntropy("valid"), Dice()],
}

PRODUCTS: Final = ("ieee", "tf32x3", "tf32")
"""Precisions in which the kernels could multiply scores in float32; the first is the default."""

Way = Callable[[Sequence[FusedLoss], Tensor, Tensor, bool], Tensor]


def losses(context: Context) -> None:
    """Time forward and backward passes, and measure the kernels' error in each precision."""
    images, classes, cells = SMALL if context.small else LARGE
    mask = labelled_batch(images, 4 * cells, 4 * cells, classes).mask.to(context.device)
    draw = torch.Generator().manual_seed(0)
    scores = 3 * torch.randn(images, cells, cells, classes, generator=draw).movedim(-1, 1)
    for dtype in (torch.float32, torch.bfloat16):
        for name, terms in LOSSES.items():
            given = scores.to(context.device, dtype)
            label = f"loss: {name}, {str(dtype).removeprefix('torch.')} scores"
            _keep_times(context, label, terms, given, mask)
    if not context.small:
        _keep_precisions(context, scores.to(context.device), mask)


def ways(kernel: bool) -> dict[str, Way]:
    """Implementations of a loss, by name; ``naive`` computes only the cross-entropy."""
    functions: dict[str, Way] = {"naive": naive, "strips": fused_loss}
    if kernel:
        from segadapt.losses.kernels.one_pass import kernel_loss

        functions["kernel"] = kernel_loss
    return functions


def naive(
    losses: Sequence[FusedLoss],
    scores: Float[Tensor, "b k h w"],
    mask: Int[Tensor, "b H W"],
    align_corners: bool,
) -> Float[Tensor, ""]:
    """Interpolation of the whole batch, and torch's cross-entropy."""
    return mean_over_valid(upsampled(scores.float(), mask, align_corners), mask)


class Step:
    """Loss and gradient by one implementation."""

    def __init__(self, way: Way, losses: Sequence[FusedLoss], scores: Tensor, mask: Tensor) -> None:
        self.way, self.losses, self.mask = way, losses, mask
        self.leaf = scores.detach().clone().requires_grad_()

    def __call__(self) -> None:
        self.leaf.grad = None
        self.way(self.losses, self.leaf, self.mask, False).backward()


def _keep_times(
    context: Context, label: str, losses: Sequence[FusedLoss], scores: Tensor, mask: Tensor
) -> None:
    functions = ways(kernel=not context.small)
    if len(losses) > 1:
        del functions["naive"]
    steps = {name: Step(way, losses, scores, mask) for name, way in functions.items()}
    times = alternate(steps, context.shape.repeats, clock_for(context.device))
    walls = {name: seconds(rounds, "wall") for name, rounds in times.items()}
    goals = [
        Goal(
            f"{label}: naive / {name}",
            ratio(walls["naive"], walls[name]).median,
            goal,
            at_least=True,
        )
        for name, goal in GOALS.items()
        if name in walls and "naive" in walls
    ]
    details: dict[str, Any] = {name: timing(rounds, None) for name, rounds in times.items()}
    if not context.small:
        details["peak_mib"] = {name: _peak(step) for name, step in steps.items()}
    context.keep(goals, **{label: details})


def _peak(step: Step) -> float:
    """Peak memory of a step in MiB, without what was allocated before."""
    step.leaf.grad = None
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    step()
    return (torch.cuda.max_memory_allocated() - before) / 2**20


def _keep_precisions(context: Context, scores: Tensor, mask: Tensor) -> None:
    """Time and error of the kernels by the precision of their products."""
    few, labels = scores[:1], mask[:1]
    exact = few.double().requires_grad_()
    naive_loss = mean_over_valid(upsampled(exact, labels, False), labels)
    wanted = torch.autograd.grad(naive_loss, exact)[0]
    terms = LOSSES["cross-entropy"]
    steps = {name: Step(_in_precision(name), terms, scores, mask) for name in PRODUCTS}
    times = alternate(steps, context.shape.repeats, clock_for(context.device))
    details: dict[str, Any] = {}
    for name in PRODUCTS:
        step = Step(_in_precision(name), terms, few, labels)
        step()
        assert step.leaf.grad is not None
        error = ((step.leaf.grad - wanted).abs().max() / wanted.abs().max()).item()
        details[name] = {**timing(times[name], None), "gradient_error": error}
    error = details[PRODUCTS[0]]["gradient_error"]
    goals = [Goal("loss: kernel, gradient beside double precision", error, 1e-5, unit="")]
    context.keep(goals, products=details)


def _in_precision(name: str) -> Way:
    """The kernels with products in this precision, forward and backward."""
    from segadapt.losses.kernels.one_pass import kernel_loss

    def way(losses: Sequence[FusedLoss], scores: Tensor, mask: Tensor, align: bool) -> Tensor:
        with _products(name):
            loss = kernel_loss(losses, scores, mask, align)
            loss.backward()
        return loss.detach().requires_grad_()  # its gradient has been taken

    return way


@contextmanager
def _products(name: str) -> Iterator[None]:
    from segadapt.losses.kernels import launch

    with patch.dict(launch.PRECISIONS, {torch.float32: name}):
        yield
