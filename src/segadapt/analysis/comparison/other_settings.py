"""Settings that no factor describes: arms that differ in one of them do not isolate a factor."""

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any, Final

from segadapt.runs.config import SEEDS, decisive, without_location

PARTS: Final = ("model", "classifier", "loss")
"""Sections whose parts have settings of their own; all other settings must be the same."""

IDLE: Final = ("monitor", "data.max_pixels", "data.module.*.max_pixels")
"""Settings that do not change what is trained or measured."""

BRANCHES: Final = ("coarse", "student", "teacher")
"""Loss terms that resize scores to the labels."""

OF_FACTORS: Final = (
    "classifier._target_",
    "classifier.score",
    "classifier.coarse_bias",
    "classifier.with_teacher",
    "classifier.like.*",
    "classifier.cell_label",
    "classifier.coarse_gradient",
    "loss.class_weight",
    "loss.effective_beta",
    "loss.requires.*",
    *(f"loss.terms.{branch}.align_corners" for branch in BRANCHES),
    "loss.terms.*.cell_label",
)
"""Keys that the factors of an arm describe."""

WEIGHTS: Final = "loss.weights.*"
"""Coefficients of loss terms; the factors describe which of them are 0."""


def other_settings(config: Mapping[str, Any]) -> dict[str, Any]:
    """Settings that the factors do not describe, by their dotted keys.

    Args:
        config: Resolved config.
    """
    pairs = decisive(without_location(_without_dice(dict(config))))
    return {key: value for key, value in pairs if not _described(key, value)}


def same_otherwise(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two configs agree in every setting that both have and that no factor describes.

    A setting of network, classifier or loss that only one of them has belongs to a part that the
    other lacks, such as a classifier of another kind, which is a factor. Any other setting that
    only one of them has is a difference.
    """
    first, second = other_settings(one), other_settings(other)
    alike = all(first[key] == second[key] for key in first.keys() & second.keys())
    return alike and all(key.partition(".")[0] in PARTS for key in first.keys() ^ second.keys())


def is_dice(loss: Any) -> bool:
    """Whether an entry of a list of pixel losses is a Dice loss."""
    return isinstance(loss, Mapping) and str(loss.get("_target_", "")).endswith(".Dice")


def _described(key: str, value: Any) -> bool:
    if fnmatchcase(key, WEIGHTS):
        return not value
    return any(fnmatchcase(key, pattern) for pattern in (*OF_FACTORS, *SEEDS, *IDLE))


def _without_dice(node: Any) -> Any:
    match node:
        case dict():
            return {key: _without_dice(value) for key, value in node.items()}
        case list():
            return [value for value in node if not is_dice(value)]
    return node
