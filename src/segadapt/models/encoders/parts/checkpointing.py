"""Activation checkpointing: blocks are recomputed in the backward pass to save memory."""

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

from segadapt.functional.determinism import deterministic, is_deterministic


def checkpoint_blocks(body: nn.Module, name: str) -> None:
    """Let each block of a network keep only its input in training.

    Outputs and gradients do not change: random states are those of the first computation. Names of
    parameters do not change either.

    Args:
        body: Network whose outermost modules of a class named ``...Block`` are changed in place.
        name: Name of the network, for the message.

    Raises:
        ValueError: If there are no blocks, or they contain batch norm, whose running statistics the
            second computation would update again.
    """
    blocks = _outermost_blocks(body)
    if not blocks:
        raise ValueError(
            f"model.encoder.checkpointing=true: {name} has no blocks that could be computed twice; "
            "set it to false"
        )
    if any(
        isinstance(part, nn.modules.batchnorm._BatchNorm) for b in blocks for part in b.modules()
    ):
        raise ValueError(
            f"model.encoder.checkpointing=true: the blocks of {name} contain batch norm, whose "
            "statistics would be updated twice a step; set it to false"
        )
    twice = {kind: _checkpointed(kind) for kind in {type(block) for block in blocks}}
    for block in blocks:
        block.__class__ = twice[type(block)]


def _outermost_blocks(module: nn.Module) -> list[nn.Module]:
    if type(module).__name__.endswith("Block"):
        return [module]
    return [block for child in module.children() for block in _outermost_blocks(child)]


def recomputed(
    device: torch.device, function: Callable[..., Any], *inputs: Any, **options: Any
) -> Any:
    """The result of a function whose activations are computed again in the backward pass.

    The second pass replaces the same functions of torch as the first (``trainer.deterministic``);
    otherwise it would save other tensors than the first, which torch refuses.

    Args:
        device: Device of the inputs.
        function: Function to call.
        *inputs: Its arguments.
        **options: Its keyword arguments.
    """
    if is_deterministic(device):
        options["context_fn"] = lambda: (nullcontext(), deterministic(device))
    return checkpoint(function, *inputs, use_reentrant=False, **options)


def _checkpointed(kind: type[nn.Module]) -> type[nn.Module]:
    """A subclass of the same name that computes its forward pass twice in training."""

    def forward(self: nn.Module, *inputs: Any, **options: Any) -> Any:
        if not (self.training and torch.is_grad_enabled()):
            return kind.forward(self, *inputs, **options)
        return recomputed(inputs[0].device, kind.forward, self, *inputs, **options)

    return type(kind.__name__, (kind,), {"forward": forward, "__module__": kind.__module__})
