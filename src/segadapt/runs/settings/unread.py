"""Settings that were typed, but that nothing reads because of other settings."""

from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, Final

from segadapt.runs.config import value_at
from segadapt.runs.settings.check import shown

Reasons = Mapping[str, Any]
"""Settings, by key, that together have the effect that another one is not read."""

UNREAD: Final[tuple[tuple[str, Reasons], ...]] = (
    ("classifier.tau", {"classifier.score": "dot", "classifier.coarse_score": "dot"}),
    ("classifier.cell_label", {"classifier.with_teacher": False}),
    ("classifier.teacher_form", {"classifier.with_teacher": False}),
    ("classifier.spatial_softmax", {"classifier.spatial": False}),
    ("classifier.position*", {"classifier.spatial": False}),
    ("classifier.position_size", {"classifier.position": "conditional"}),
    ("classifier.position_size", {"classifier.position": "sinusoidal"}),
    ("data.rare_threshold", {"data.rare": "none"}),
    ("loss.terms.response.edge_size", {"loss.terms.response.boundary": "none"}),
    ("loss.terms.response.border", {"loss.terms.response.boundary": "none"}),
    ("loss.terms.response.entropy_source", {"loss.terms.response.entropy": False}),
    ("schedule.warmup_ratio", {"schedule.warmup": 0}),
)
"""Patterns of settings, and what makes each of them idle."""


def check_unread(config: Mapping[str, Any], words: Sequence[str]) -> None:
    """Check that every setting that was typed is read.

    A sweep over a setting that is not read would train the same network several times, and show
    the results as those of different arms.

    Args:
        config: Resolved config of a training.
        words: Overrides as typed. Options and experiments may hold idle settings.

    Raises:
        ValueError: If a setting has no effect.
    """
    for word in words:
        key = word.lstrip("+").partition("=")[0]
        for reasons in _reasons(config, key):
            because = " and ".join(
                f"{name}={shown(name, value)}" for name, value in reasons.items()
            )
            raise ValueError(
                f"{word.lstrip('+')} has no effect, because {because}; remove it, or change "
                f"{' or '.join(reasons)}"
            )


def _reasons(config: Mapping[str, Any], key: str) -> Iterator[Reasons]:
    """Reasons why a setting is idle; none if it is read."""
    if value_at(config, key) is None:
        return
    for pattern, reasons in (*UNREAD, *_omitted(config, key)):
        known = {name: value_at(config, name) for name in reasons}
        present = {name: value for name, value in known.items() if value is not None}
        if fnmatchcase(key, pattern) and present and present.items() <= reasons.items():
            yield present


def _omitted(config: Mapping[str, Any], key: str) -> Iterator[tuple[str, Reasons]]:
    """The patterns of a loss term, with what omits it."""
    if not key.startswith("loss.terms."):
        return
    term = key.split(".")[2]
    weight = f"loss.weights.{term}"
    if value_at(config, weight) == 0:
        yield f"loss.terms.{term}.*", {weight: value_at(config, weight)}
    for switch in value_at(config, f"loss.requires.{term}") or {}:
        yield f"loss.terms.{term}.*", {f"classifier.{switch}": False}
