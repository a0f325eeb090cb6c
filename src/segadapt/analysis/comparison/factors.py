"""Factors that could explain a gain, and in which of them two arms differ."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any, Final

from segadapt.analysis.comparison.arms import Arm
from segadapt.analysis.comparison.intervals import difference
from segadapt.analysis.comparison.other_settings import BRANCHES, is_dice, same_otherwise
from segadapt.analysis.comparison.sections import ABSENT, Section, spanned
from segadapt.runs.config import value_at

YES, NO = "yes", "no"

ADAPTIVE: Final = ("CACClassifier", "SSAClassifier")
"""Classifiers whose prototypes depend on the image."""

DISTILLATIONS: Final = ("response", "semantic", "spatial")
"""Loss terms by which the student learns from the teacher."""


def factors(config: Mapping[str, Any]) -> dict[str, str]:
    """The value of each factor in a config, in the words of a table.

    Args:
        config: Resolved config.
    """
    kind = str(value_at(config, "classifier._target_", "")).rpartition(".")[2]
    adaptive = kind in ADAPTIVE
    teacher = adaptive and _on(config, "classifier.with_teacher") and _weight(config, "teacher")
    return {
        "classifier": kind.removesuffix("Classifier") or ABSENT,
        "scores": str(value_at(config, "classifier.score", ABSENT)),
        "bias": _bias(config, kind),
        "Dice": YES if _has_dice(config) else NO,
        "extra cross-entropy": YES if adaptive and _weight(config, "coarse") else NO,
        "teacher": YES if teacher else NO,
        "distillation": _distillation(config) if teacher else NO,
        "align_corners": ", ".join(aligned_corners(config)) or NO,
        "cell labels": str(value_at(config, "classifier.cell_label", ABSENT)),
        "coarse gradient": _yes_or_no(value_at(config, "classifier.coarse_gradient")),
        "class weights": _or_no(value_at(config, "loss.class_weight", "none")),
        "rare images": _or_no(value_at(config, "data.rare", "none")),
        "adaptation": YES if adaptive else NO,
        "spatial": YES if kind == "SSAClassifier" and _on(config, "classifier.spatial") else NO,
        "parameters as": str(value_at(config, "classifier.like._target_", ABSENT)).rpartition(".")[
            2
        ],
    }


def aligned_corners(config: Mapping[str, Any]) -> list[str]:
    """Branches whose losses resize their scores with align_corners=true.

    Args:
        config: Resolved config.
    """
    terms = value_at(config, "loss.terms", {})
    return [name for name in BRANCHES if value_at(terms, f"{name}.align_corners")]


def factor_section(arms: Sequence[Arm]) -> Section:
    """A table with one row per arm and one column per factor in which arms differ."""
    table = [factors(arm.results[0].config) for arm in arms]
    names = [name for name in table[0] if len({row[name] for row in table}) > 1]
    body = [
        [arm.label, f"{100 * arm.mean:.2f}", *(row[name] for name in names)]
        for arm, row in zip(arms, table, strict=True)
    ]
    note = (
        "extra cross-entropy: a further loss on the unadapted scores; align_corners: losses that "
        "resize their scores with align_corners=true; cell labels: the pixel whose label a feature "
        "cell has; coarse gradient: whether the student's losses train the unadapted scores; "
        "parameters as: a fixed classifier with as many parameters as that one"
    )
    return Section("Factors", [["arm", "mIoU", *names], *body], [note])


def contrast_section(arms: Sequence[Arm]) -> Section | None:
    """Differences between arms that differ in a single factor; None if there is no such pair."""
    table = [(arm, factors(arm.results[0].config)) for arm in arms]
    rows = [
        _contrast(name, one, other)
        for one, other in combinations(table, 2)
        if (name := _only_difference(one[1], other[1]))
        and same_otherwise(one[0].results[0].config, other[0].results[0].config)
    ]
    if not rows:
        return None
    head = ["factor", "arm", "minus", "difference"]
    note = (
        "each row: two arms that differ in this factor only, and in no other setting of network, "
        "classifier, loss, data, optimizer, schedule and trainer"
    )
    return Section("Single factors", [head, *sorted(rows)], [note])


def _contrast(name: str, *pair: tuple[Arm, dict[str, str]]) -> list[str]:
    """A row: the arm with more of a factor minus the other one."""
    rank = {NO: 0, ABSENT: 0, "dot": 1, "corner": 1, YES: 2}
    less, more = sorted(pair, key=lambda member: rank.get(member[1][name], 3))
    gap = difference(more[0], less[0])
    factor = f"{name}: {more[1][name]} / {less[1][name]}"
    return [factor, more[0].label, less[0].label, spanned(gap)]


def _or_no(word: str) -> str:
    return NO if word == "none" else word


def _yes_or_no(switch: bool | None) -> str:
    return ABSENT if switch is None else YES if switch else NO


def _only_difference(one: dict[str, str], other: dict[str, str]) -> str | None:
    names = [name for name in one if one[name] != other[name]]
    return names[0] if len(names) == 1 else None


def _weight(config: Mapping[str, Any], term: str) -> bool:
    return (
        term in value_at(config, "loss.terms", {})
        and value_at(config, f"loss.weights.{term}", 0) > 0
    )


def _on(config: Mapping[str, Any], key: str) -> bool:
    return bool(value_at(config, key, True))


def _bias(config: Mapping[str, Any], kind: str) -> str:
    if kind == "FixedClassifier":
        return YES if value_at(config, "classifier.score") == "dot" else NO
    return _yes_or_no(value_at(config, "classifier.coarse_bias"))


def _has_dice(config: Mapping[str, Any]) -> bool:
    pixel = value_at(config, "loss.terms.student.pixel", [])
    return any(is_dice(loss) for loss in pixel)


def _distillation(config: Mapping[str, Any]) -> str:
    terms = [name for name in DISTILLATIONS if _weight(config, name)]
    switched = [name for name in terms if name == "response" or _on(config, f"classifier.{name}")]
    return ", ".join(switched) or NO
