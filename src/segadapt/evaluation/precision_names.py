"""Precisions by Lightning's names."""

from collections.abc import Mapping
from typing import Any, Final

from segadapt.text.choices import check_choice

PRECISIONS: Final = ("32-true", "bf16-mixed", "16-mixed", "bf16-true", "16-true", "64-true")

EXPORTED: Final = {"fp32": "32-true", "fp16": "16-true"}
"""Names of the same precisions in ``segadapt export``, which other commands also accept."""

SHORT: Final = {"32": "32-true", "bf16": "bf16-mixed", "16": "16-mixed", "64": "64-true"}
"""Older names that Lightning also accepts."""


def full_name(name: str) -> str:
    """The precision by Lightning's full name.

    Args:
        name: One of ``PRECISIONS``, or a key of ``EXPORTED``.

    Raises:
        ValueError: If it is unknown.
    """
    check_choice("precision", name, (*PRECISIONS, *EXPORTED))
    return EXPORTED.get(name, name)


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
