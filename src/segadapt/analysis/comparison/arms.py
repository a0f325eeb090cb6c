"""Arms of a comparison: runs that differ only in their seed."""

import json
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np

from segadapt.analysis.comparison.results import Result
from segadapt.runs.config import SEEDS, decisive, is_free, value_at, without_location
from segadapt.text.choices import unknown

ABSENT: Final = "absent"
"""Placeholder for a key that a config lacks, such as the name of an experiment."""


class Arm(NamedTuple):
    """One config trained with several seeds."""

    label: str
    by_seed: Mapping[int, Result]

    @property
    def results(self) -> list[Result]:
        return [self.by_seed[seed] for seed in sorted(self.by_seed)]

    @property
    def mean(self) -> float:
        return float(np.mean([result.miou for result in self.results]))

    @property
    def deviation(self) -> float | None:
        """Sample standard deviation over seeds; None for a single seed."""
        values = [result.miou for result in self.results]
        return float(np.std(values, ddof=1)) if len(values) > 1 else None

    @property
    def printed(self) -> float | None:
        """The number printed in the paper, in percent, if the config names it."""
        return self.results[0].printed


def arms(results: Sequence[Result]) -> tuple[list[Arm], list[str]]:
    """Group results by config, in the order of their first folders.

    Returns:
        The arms, and sentences about runs that were skipped and seeds that are missing.
    """
    groups: dict[str, dict[int, Result]] = {}
    sentences = []
    for result in results:
        members = groups.setdefault(_key(result), {})
        if result.seed in members:
            first = members[result.seed].folder
            sentences.append(f"{result.folder}: the same config and seed as {first}; skipped")
        else:
            members[result.seed] = result
    labels, legend = _labels([next(iter(members.values())) for members in groups.values()])
    all_arms = [Arm(label, members) for label, members in zip(labels, groups.values(), strict=True)]
    return all_arms, [*sentences, *legend, *_missing(all_arms)]


def find(arms: Sequence[Arm], name: str) -> Arm:
    """The arm whose label equals a name, or the only one that contains it.

    Raises:
        ValueError: If no arm or more than one matches.
    """
    exact = [arm for arm in arms if arm.label == name]
    near = exact or [arm for arm in arms if name in arm.label]
    if len(near) != 1:
        if near:
            matches = "; ".join(arm.label for arm in near)
            raise ValueError(f"Several arms match {name!r}: {matches}. Name one of them.")
        raise ValueError(unknown("arm", name, (arm.label for arm in arms)))
    return near[0]


def _key(result: Result) -> str:
    """A key that is equal for runs of one arm: the config without seeds and folders, and the label.

    Several rows of a table may have the same config; each is an arm.
    """
    settings = {
        key: value
        for key, value in decisive(without_location(result.config))
        if not (key in SEEDS and value == result.seed)  # a seed that was set apart is a setting
    }
    return f"{json.dumps(settings, sort_keys=True)} {result.label}"


def _labels(firsts: Sequence[Result]) -> tuple[list[str], list[str]]:
    """The distinguishing overrides of each arm, or its name, whose overrides are noted separately.

    Returns:
        The labels, and a sentence for each arm whose name does not show its overrides.
    """
    words = _distinguishing(firsts)
    named = [result.label for result in firsts]
    labels, legend = [], []
    for name, own in zip(named, words, strict=True):
        alone = name is not None and named.count(name) == 1
        labels.append(name if name and alone else " ".join([name, *own] if name else own))
        if alone and own:
            legend.append(f"overrides of {name}: {' '.join(own)}")
    labels = [label or "defaults" for label in labels]
    unique = [
        label if labels.count(label) == 1 else f"{label} ({result.folder})"
        for label, result in zip(labels, firsts, strict=True)
    ]
    return unique, legend


def _distinguishing(firsts: Sequence[Result]) -> list[list[str]]:
    """The overrides of each arm that not all arms have, except for the experiment that names it."""
    typed = [_last_words(result.overrides) for result in firsts]
    common = set(typed[0]).intersection(*typed[1:]) if len(typed) > 1 else set()
    return [
        [
            word
            for word in words
            if word not in common
            and _tells(word, firsts)
            and not (result.label and _target(word) == "experiment")
        ]
        for result, words in zip(firsts, typed, strict=True)
    ]


def _last_words(overrides: Sequence[str]) -> list[str]:
    """The overrides without seeds; only the last one of several for a key."""
    words = {_target(word): word for word in overrides}
    return [word for word in words.values() if _target(word) != "seed"]


def _target(word: str) -> str:
    """The key or the group that an override sets."""
    return word.lstrip("+~").partition("=")[0]


def _tells(word: str, firsts: Sequence[Result]) -> bool:
    """Whether the configs differ in the key that an override sets, or some lack it.

    Overrides of an experiment on other data may be defaults of other arms.
    """
    key = _target(word).partition("@")[0].replace("/", ".")
    values = [value_at(result.config, key, ABSENT) for result in firsts]
    apart = ABSENT in values or any(value != values[0] for value in values)
    return apart and not is_free(key)


def _missing(arms: Sequence[Arm]) -> list[str]:
    seeds = sorted(set().union(*(arm.by_seed for arm in arms)))
    lacking: dict[tuple[int, ...], list[str]] = {}
    for arm in arms:
        missing = tuple(seed for seed in seeds if seed not in arm.by_seed)
        lacking.setdefault(missing, []).append(arm.label)
    return [
        f"{'; '.join(labels)}: no result with seed {', '.join(map(str, missing))}, which other "
        "arms have; differences use the seeds that both have"
        for missing, labels in lacking.items()
        if missing
    ]
