"""Parameter groups with their own learning rate and weight decay, chosen by name."""

from collections.abc import Mapping
from typing import Any

from torch import nn

from segadapt.text.choices import check_choice
from segadapt.training.optim.layer_decay import LayerDecay

Factors = Mapping[str, float]
"""``lr_mult`` and ``decay_mult``; 1 where not given."""


def parameter_groups(
    model: nn.Module,
    lr: float,
    weight_decay: float,
    custom_keys: Mapping[str, Factors] | None = None,
    layer_decay: LayerDecay | None = None,
    decay_vectors: bool = True,
) -> list[dict[str, Any]]:
    """The trained parameters of a model, those with equal settings in one group.

    A key applies where it is part of a parameter's full name. Longer keys are tried before shorter
    ones, equally long ones alphabetically, and the first that applies decides alone: that is how
    mmcv reads ``custom_keys``, and the published recipes depend on it.

    Args:
        model: Network; parameters that need no gradient are skipped.
        lr: Learning rate where no key applies.
        weight_decay: Weight decay where no key applies.
        custom_keys: Factors on both, by key.
        layer_decay: A further factor on the learning rate, by depth.
        decay_vectors: Whether weight decay reaches parameters with a single dimension: biases,
            the scale and shift of normalisations, layer scales.

    Returns:
        Groups for an optimiser; the one without factors comes first, where it is not empty.

    Raises:
        ValueError: If a key names other factors, or is in no parameter's name, or the trunk that
            ``layer_decay`` names is not there.
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
