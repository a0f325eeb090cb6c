"""Precisions by Lightning's names."""

from collections.abc import Mapping
from typing import Any, Final

PRECISIONS: Final = ("32-true", "bf16-mixed", "16-mixed", "bf16-true", "16-true", "64-true")


SHORT: Final = {"32": "32-true", "bf16": "bf16-mixed", "16": "16-mixed", "64": "64-true"}
"""Older names that Lightning also accepts."""


def precision_name(trainer: Mapping[Any, Any], gpu: bool) -> str:
    """The precision of a trainer with this config, by Lightning's full name.

    Args:
        trainer: The node ``trainer`` of the config.
        gpu: Whether it uses GPUs.
    """
    precision = str(trainer["precision"])
    if precision == "auto":
        return "bf16-mixed" if gpu else "32-true"
    return SHORT.get(precision, precision)
