"""Optimisers for a whole network, with parameter groups chosen by name."""

from collections.abc import Mapping, Sequence

import torch
from torch import nn
from torch.optim import Optimizer

from segadapt.training.optim.groups import Factors, parameter_groups
from segadapt.training.optim.layer_decay import LayerDecay


def adamw(
    model: nn.Module,
    lr: float,
    weight_decay: float,
    betas: Sequence[float] = (0.9, 0.999),
    custom_keys: Mapping[str, Factors] | None = None,
    layer_decay: LayerDecay | None = None,
    decay_vectors: bool = True,
) -> Optimizer:
    """AdamW. On a GPU all parameters are updated in one kernel.

    Args:
        model: Network.
        lr: Learning rate before schedule and factors.
        weight_decay: Decoupled weight decay.
        betas: Decay of the first and the second moment.
        custom_keys: See :func:`parameter_groups`.
        layer_decay: See :func:`parameter_groups`.
        decay_vectors: See :func:`parameter_groups`.
    """
    groups = parameter_groups(model, lr, weight_decay, custom_keys, layer_decay, decay_vectors)
    first, second = betas
    return torch.optim.AdamW(groups, lr=lr, betas=(first, second), fused=_on_gpu(model))


def sgd(
    model: nn.Module,
    lr: float,
    weight_decay: float,
    momentum: float = 0.9,
    custom_keys: Mapping[str, Factors] | None = None,
    layer_decay: LayerDecay | None = None,
    decay_vectors: bool = True,
) -> Optimizer:
    """Stochastic gradient descent with momentum.

    Args:
        model: Network.
        lr: Learning rate before schedule and factors.
        weight_decay: Weight decay, added to the gradient.
        momentum: Decay of the running gradient.
        custom_keys: See :func:`parameter_groups`.
        layer_decay: See :func:`parameter_groups`.
        decay_vectors: See :func:`parameter_groups`.
    """
    groups = parameter_groups(model, lr, weight_decay, custom_keys, layer_decay, decay_vectors)
    return torch.optim.SGD(groups, lr=lr, momentum=momentum, fused=_on_gpu(model))


def _on_gpu(model: nn.Module) -> bool:
    return all(parameter.is_cuda for parameter in model.parameters())
