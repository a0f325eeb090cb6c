"""A rehearsal of a training step on a GPU, which need not exist: shapes, devices and operators."""

import copy
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

import torch
from torch import nn
from torch._subclasses.fake_tensor import (
    DataDependentOutputException,
    DynamicOutputShapeException,
    FakeTensorMode,
)
from torch.optim import Optimizer
from torch.utils._python_dispatch import TorchDispatchMode

from segadapt.functional.determinism import OPERATORS
from segadapt.functional.precision import mixed_precision
from segadapt.losses.objective import Objective
from segadapt.segmentor import Segmentor
from segadapt.structures import Batch
from segadapt.training.task import learn

IMAGES: Final = 2

SIDE: Final = 64
"""Side of the images, in pixels."""


class Watch(TorchDispatchMode):
    """Records the operators that torch refuses under deterministic algorithms."""

    def __init__(self) -> None:
        super().__init__()
        self.refused: set[str] = set()

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Sequence[Any] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        name = func.name().removeprefix("aten::")
        if {name, name.partition(".")[0]} & OPERATORS and not _harmless(name, args):
            self.refused.add(name)
        return func(*args, **(kwargs or {}))


def rehearse(
    model: Segmentor,
    objective: Objective,
    optimizer: Callable[[nn.Module], Optimizer],
    device: str,
    precision: torch.dtype | None = torch.bfloat16,
) -> set[str]:
    """Operators in a training step that have no deterministic kernel on GPUs.

    Everything is a copy of fake tensors: nothing is computed, and the network does not change.

    Args:
        model: Network.
        objective: Objective of the training.
        optimizer: Builds the optimiser.
        device: ``meta``, which torch treats like a GPU here, or ``cuda``. Without a GPU, torch
            cannot go backward on the latter, and the step ends with the losses and the update.
        precision: Type of autocast, on devices that have it; None for none.
    """
    whole = device != "cuda" or torch.cuda.is_available()
    model, objective = copy.deepcopy((model, objective))
    with _deterministic_algorithms(whole), FakeTensorMode(), Watch() as watch:
        model, objective = _moved(model, device), _moved(objective, device)
        steps = optimizer(model.train())
        with mixed_precision(torch.device(device), precision):
            losses = learn(model, objective, _batch(model.generator.inputs, device))
        if whole:
            with torch.autograd.set_multithreading_enabled(False):
                losses.total.backward()
            steps.step()
    return watch.refused


def check_deterministic(
    model: Segmentor, objective: Objective, optimizer: Callable[[nn.Module], Optimizer]
) -> None:
    """Refuse a network that torch would refuse in the first step on a GPU.

    Raises:
        ValueError: If an operation of a training step has no deterministic implementation.
    """
    try:
        refused = rehearse(model, objective, optimizer, "cuda")
    except (DataDependentOutputException, DynamicOutputShapeException):
        return  # it depends on values; torch will report it
    if refused:
        raise ValueError(
            f"trainer.deterministic=true is not possible with this network on a GPU: torch has no "
            f"deterministic implementation of {', '.join(sorted(refused))}. Set "
            "trainer.deterministic=false or choose another model"
        )


def _batch(channels: int, device: str) -> Batch:
    image = torch.empty(IMAGES, channels, SIDE, SIDE, device=device)
    mask = torch.empty(IMAGES, SIDE, SIDE, dtype=torch.long, device=device)
    return Batch(image, mask, [""] * IMAGES)


def _moved(part: nn.Module, device: str) -> Any:
    """A copy with fake tensors on the GPU; only under a fake mode."""
    before = torch.__future__.get_overwrite_module_params_on_conversion()
    torch.__future__.set_overwrite_module_params_on_conversion(True)
    try:
        return part._apply(
            lambda x: torch.empty_strided(x.shape, x.stride(), dtype=x.dtype, device=device)
        )
    finally:
        torch.__future__.set_overwrite_module_params_on_conversion(before)


@contextmanager
def _deterministic_algorithms(wanted: bool) -> Iterator[None]:
    """A context with or without deterministic algorithms (``trainer.deterministic=true``)."""
    before = torch.are_deterministic_algorithms_enabled()
    torch.use_deterministic_algorithms(wanted)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before)


def _harmless(name: str, args: Sequence[Any]) -> bool:
    """Whether an operation is allowed: only weighted counts and float sums are refused."""
    if name.startswith("cumsum"):
        return not args[0].is_floating_point()
    return name == "bincount" and (len(args) < 2 or args[1] is None)
