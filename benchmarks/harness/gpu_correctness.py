"""Comparisons of the device with the CPU, of compiled with eager steps, of losses with float64."""

from collections.abc import Mapping
from typing import Final, NamedTuple

import torch
from benchmarks.harness.goals import Goal
from benchmarks.harness.gpu_context import Context
from benchmarks.harness.scenes import labelled_batch
from benchmarks.reference.supervision import dice, mean_over_all, mean_over_valid, upsampled
from hydra import compose, initialize_config_dir
from jaxtyping import Float
from torch import Tensor, nn

from segadapt.cli.hydra_command import CONF
from segadapt.experiment import build_task
from segadapt.losses.cross_entropy import CrossEntropy
from segadapt.losses.dice import Dice
from segadapt.losses.parts.fused import fused_loss
from segadapt.structures import Batch
from segadapt.training.compiled import CompiledHalves
from segadapt.training.gradient_check import Forward

CLASSIFIERS: Final = (
    "fixed",
    "cac",
    "ssa",
    "cac_paper",
    "ssa_paper",
    "protoseg",
    "gmmseg",
    "dnc",
)
COMPILED: Final = ("fixed", "cac", "ssa")
CASES: Final = ((1, 2, 9, 13, 4), (2, 19, 16, 24, 4), (1, 150, 16, 16, 4), (1, 151, 7, 5, 8))
"""Number of images and classes, rows and columns of scores, and scale factor of the labels."""


class Step(NamedTuple):
    """Results of one training step."""

    terms: Mapping[str, float]
    gradient: Float[Tensor, "n"]


def correct(context: Context) -> None:
    """Compare steps with the CPU, losses with double precision, compiled steps with eager ones."""
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    for name in CLASSIFIERS:
        context.keep(classifier_goals(name, context.device))
    context.keep(loss_goals(context.device))
    for name in COMPILED:
        context.keep([compiled_goal(name, context.device)])


def classifier_goals(name: str, device: torch.device) -> list[Goal]:
    """Differences between one step of a network on the device and on the CPU."""
    batch = labelled_batch(8, 96, 96, 11)
    host = step(name, batch, torch.device("cpu"))
    single = step(name, batch, device)
    half = step(name, batch, device, half=True)
    worst = max(
        abs(host.terms[term] - value) / max(abs(host.terms[term]), 1e-6)
        for term, value in single.terms.items()
    )
    finite = float(not torch.isfinite(half.gradient).all())
    return [
        Goal(f"{name}: losses, beside the CPU", worst, 1e-3, unit=""),
        Goal(f"{name}: gradient, beside the CPU", apart(host, single), 1e-2, unit=""),
        Goal(f"{name}: gradient in bf16, beside float32", apart(single, half), 0.3, unit=""),
        Goal(f"{name}: gradient in bf16 is not finite", finite, 0, unit=""),
    ]


def compiled_goal(name: str, device: torch.device) -> Goal:
    """Difference between a compiled and an eager step on the device."""
    batch = labelled_batch(8, 96, 96, 11)
    eager, compiled = (step(name, batch, device, compiled=way) for way in (False, True))
    return Goal(f"{name}: compiled gradient, beside eager", apart(eager, compiled), 1e-3, unit="")


def step(
    name: str, batch: Batch, device: torch.device, half: bool = False, compiled: bool = False
) -> Step:
    """Forward, losses and backward of ``model=tiny`` from the same weights, without dropout."""
    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = compose(
            "train", [f"classifier={name}", "data=synthetic", "data.num_classes=11", "model=tiny"]
        )
    torch.manual_seed(0)
    task = build_task(config).to(device).train()
    for module in task.modules():
        if isinstance(module, nn.modules.dropout._DropoutNd):
            module.p = 0.0
    forward: Forward = CompiledHalves(task.model, "default") if compiled else task.model
    image, mask = batch.image.to(device), batch.mask.to(device)
    with torch.autocast(device.type, torch.bfloat16, enabled=half):
        losses = task.objective(forward(image, mask), mask)
    losses.total.backward()
    gradients = [p.grad.flatten() for p in task.model.parameters() if p.grad is not None]
    terms = {term: value.item() for term, value in losses.terms.items()}
    return Step(terms, torch.cat(gradients).double().cpu())


def apart(first: Step, second: Step) -> float:
    """Distance between gradients, divided by the length of the first."""
    return ((first.gradient - second.gradient).norm() / first.gradient.norm()).item()


def loss_goals(device: torch.device) -> list[Goal]:
    """Differences between losses by strips and torch's, on upsampled scores in double precision."""
    goals = []
    for images, classes, rows, columns, times in CASES:
        draw = torch.Generator().manual_seed(classes)
        scores = 3 * torch.randn(images, classes, rows, columns, generator=draw)
        mask = labelled_batch(images, rows * times, columns * times, classes).mask
        for align in (False, True):
            value, gradient = ours(scores, mask, align, device)
            right, slope = naive(scores.double(), mask, align)
            label = f"loss by strips, K={classes}, align_corners={str(align).lower()}"
            error = abs(value - right) / abs(right)
            distance = ((gradient - slope).norm() / slope.norm()).item()
            goals.append(Goal(f"{label}: value and gradient", max(error, distance), 1e-5, unit=""))
    return goals


def ours(
    scores: Tensor, mask: Tensor, align: bool, device: torch.device
) -> tuple[float, Float[Tensor, "b k h w"]]:
    """Cross-entropy with both means plus Dice, by strips: value and gradient."""
    leaf = scores.detach().clone().to(device).requires_grad_()
    losses = [CrossEntropy("valid"), CrossEntropy("all"), Dice()]
    total = fused_loss(losses, leaf, mask.to(device), align_corners=align)
    total.backward()
    assert leaf.grad is not None
    return total.item(), leaf.grad.double().cpu()


def naive(scores: Tensor, mask: Tensor, align: bool) -> tuple[float, Float[Tensor, "b k h w"]]:
    """The same losses by torch's functions, on the CPU."""
    leaf = scores.clone().requires_grad_()
    larger = upsampled(leaf, mask, align)
    total = mean_over_valid(larger, mask) + mean_over_all(larger, mask) + dice(larger, mask)
    total.backward()
    assert leaf.grad is not None
    return total.item(), leaf.grad
