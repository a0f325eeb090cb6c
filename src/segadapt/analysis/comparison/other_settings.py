"""Settings that no factor describes, so that arms that differ in them are no contrast."""

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any, Final

SECTIONS: Final = ("model", "classifier", "loss", "optimizer", "schedule")
"""Sections of a config whose settings decide what is trained."""

DICE: Final = ".Dice"
"""End of the target of a Dice loss, which is a factor."""

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
    "loss.terms.coarse.align_corners",
    "loss.terms.student.align_corners",
    "loss.terms.teacher.align_corners",
    "loss.terms.*.cell_label",
)
"""Keys whose values the factors of an arm tell."""

WEIGHTS: Final = "loss.weights.*"
"""Coefficients of loss terms; whether a term has one is told by the factors."""


def other_settings(config: Mapping[str, Any]) -> dict[str, Any]:
    """Settings that the factors do not tell, by their dotted keys.

    Args:
        config: Resolved config.
    """
    flat = (pair for name in SECTIONS for pair in _flat(config.get(name), name))
    return {key: value for key, value in flat if not _told(key, value)}


def same_otherwise(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two configs agree in every setting that both have and that no factor tells.

    A setting that only one of them has belongs to a part that the other lacks, such as a classifier
    of another kind, which a factor tells; only in ``optimizer`` are settings optional.
    """
    first, second = other_settings(one), other_settings(other)
    alike = all(first[key] == second[key] for key in first.keys() & second.keys())
    return alike and not any(key.startswith("optimizer.") for key in first.keys() ^ second.keys())


def _told(key: str, value: Any) -> bool:
    if fnmatchcase(key, WEIGHTS):
        return not value
    return any(fnmatchcase(key, pattern) for pattern in OF_FACTORS)


def _flat(node: Any, key: str) -> Iterator[tuple[str, Any]]:
    if isinstance(node, Mapping) and node:
        for name, value in node.items():
            yield from _flat(value, f"{key}.{name}")
    elif isinstance(node, list) and any(isinstance(value, Mapping) for value in node):
        for index, value in enumerate(_without_dice(node)):
            yield from _flat(value, f"{key}.{index}")
    else:
        yield key, node


def _without_dice(losses: list[Any]) -> list[Any]:
    return [loss for loss in losses if not str(loss.get("_target_", "")).endswith(DICE)]
