"""Parameter groups with their own learning rate and weight decay, chosen by name."""

from collections.abc import Mapping
from typing import Any

from torch import nn

from segadapt.text.choices import check_choice
from segadapt.training.optim.layer_decay import LayerDecay

Factors = Mapping[str, float]
"""Factors ``lr_mult`` and ``decay_mult``; 1 if not given."""


def parameter_groups(
    model: nn.Module,
    lr: float,
    weight_decay: float,
    custom_keys: Mapping[str, Factors] | None = None,
    layer_decay: LayerDecay | None = None,
    decay_vectors: bool = True,
) -> list[dict[str, Any]]:
    """The trained parameters of a model, grouped by equal settings.

    A key applies to a parameter if it is part of its full name. Longer keys are tried before
    shorter ones, keys of equal length alphabetically, and the first that applies decides alone, as
    in mmcv's ``custom_keys``, on which the published recipes depend.

    Args:
        model: Network; parameters without gradient are skipped.
        lr: Learning rate if no key applies.
        weight_decay: Weight decay if no key applies.
        custom_keys: Factors on both, by key.
        layer_decay: A further factor on the learning rate, by depth.
        decay_vectors: Whether weight decay applies to parameters with a single dimension: biases,
            the scale and shift of normalisations, layer scales.

    Returns:
        Groups for an optimiser; the one without factors comes first, unless it is empty.

    Raises:
        ValueError: If a key has unknown factors or matches no parameter, or the trunk of
            ``layer_decay`` does not exist.
    """
    keys = dict(custom_keys or {})
    _check(keys, model)
    ordered = sorted(sorted(keys), key=len, reverse=True)
    depths = {} if layer_decay is None else layer_decay.factors(model)
    groups: dict[tuple[float, float], list[nn.Parameter]] = {(1.0, 1.0): []}
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            key = next((key for key in ordered if key in name), None)
            factors = {} if key is None else keys[key]
            faster = float(factors.get("lr_mult", 1)) * depths.get(name, 1.0)
            decayed = decay_vectors or parameter.ndim > 1
            heavier = float(factors.get("decay_mult", 1)) if decayed else 0.0
            groups.setdefault((faster, heavier), []).append(parameter)
    return [
        {"params": members, "lr": lr * faster, "weight_decay": weight_decay * heavier}
        for (faster, heavier), members in groups.items()
        if members
    ]


def _check(keys: Mapping[str, Factors], model: nn.Module) -> None:
    names = [name for name, _ in model.named_parameters()]
    for key, factors in keys.items():
        for name in factors:
            check_choice(f"key of optimizer.custom_keys.{key}", name, ("lr_mult", "decay_mult"))
        if not any(key in name for name in names):
            raise ValueError(
                f"optimizer.custom_keys.{key} matches no parameter name; "
                f"they look like {names[0]} or {names[-1]}"
            )
