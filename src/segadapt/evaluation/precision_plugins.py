"""What casts to a precision, by Lightning's name of it."""

from typing import Any, cast

import torch
from lightning.pytorch.plugins.precision import (
    DoublePrecision,
    HalfPrecision,
    MixedPrecision,
    Precision,
)

from segadapt.evaluation.precision_names import PRECISIONS


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
