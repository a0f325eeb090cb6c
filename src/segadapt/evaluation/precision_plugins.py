"""Precisions by Lightning's names, and what casts to them."""

from typing import Any, Final, cast

import torch
from lightning.pytorch.plugins.precision import (
    DoublePrecision,
    HalfPrecision,
    MixedPrecision,
    Precision,
)
from omegaconf import DictConfig

PRECISIONS: Final = ("32-true", "bf16-mixed", "16-mixed", "bf16-true", "16-true", "64-true")


SHORT: Final = {"32": "32-true", "bf16": "bf16-mixed", "16": "16-mixed", "64": "64-true"}
"""Older names that Lightning takes as well."""


def precision_name(cfg: DictConfig, gpu: bool) -> str:
    """The precision that a trainer of this config has, by Lightning's full name.

    Args:
        cfg: The config's ``trainer``.
        gpu: Whether it uses GPUs.
    """
    if cfg.precision == "auto":
        return "bf16-mixed" if gpu else "32-true"
    return SHORT.get(str(cfg.precision), str(cfg.precision))


def precision_plugin(name: str, device: torch.device) -> Precision:
    """What a trainer of this precision does to a network, its inputs and its passes.

    Raises:
        ValueError: If there is no such precision.
    """
    if name not in PRECISIONS:
        raise ValueError(f"Unknown precision {name!r}. Available: {', '.join(PRECISIONS)}.")
    if name.endswith("-mixed"):
        return MixedPrecision(cast(Any, name), device.type)
    if name == "64-true":
        return DoublePrecision()
    return Precision() if name == "32-true" else HalfPrecision(cast(Any, name))
