"""One training of a sweep, and its status, which is read from its folder alone."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from segadapt.locks import true_state
from segadapt.runs.file_names import STATE
from segadapt.runs.reader import read_facts
from segadapt.text.choices import unknown

NEW, INTERRUPTED, BUSY, FAILED, FINISHED = "new", "interrupted", "busy", "failed", "finished"


class Trial(NamedTuple):
    """A training of a sweep."""

    number: int
    overrides: tuple[str, ...]
    folder: Path
    monitor: str
    """The metric that the sweep monitors."""


class TrialStatus(NamedTuple):
    """Status of a trial."""

    state: str
    """``new``, ``interrupted``, ``busy`` (in another process), ``failed`` or ``finished``."""
    value: float | None
    """The monitored metric; None unless the trial is finished, and never NaN."""
    metrics: Mapping[str, float | None]
    causes: tuple[str, ...]
    """The causes of its failures, in order."""
    closed: bool = False
    """Whether its run has finished, so that it never starts again."""

    def is_due(self, retries: int) -> bool:
        """Whether the trial has to run now.

        Args:
            retries: Number of times a failed trial is retried.
        """
        if self.state == FAILED:
            return not self.closed and len(self.causes) <= retries
        return self.state in (NEW, INTERRUPTED)


def trial_status(trial: Trial) -> TrialStatus:
    """The current status of a trial."""
    file = trial.folder / STATE
    facts = read_facts(trial.folder) if file.is_file() else {}
    metrics, causes = facts.get("metrics", {}), tuple(facts.get("failures", ()))
    match state := facts.get("state"):
        case None:
            return TrialStatus(NEW, None, metrics, causes)
        case "finished":
            return _measured(trial.monitor, metrics, causes)
        case "failed":
            return TrialStatus(FAILED, None, metrics, causes or (facts["cause"],))
    busy = true_state(trial.folder, state) == "running"
    return TrialStatus(BUSY if busy else INTERRUPTED, None, metrics, causes)


def _measured(
    monitor: str, metrics: Mapping[str, float | None], causes: tuple[str, ...]
) -> TrialStatus:
    """The status of a finished run; without a value for the sweep, the trial has failed."""
    value = metrics.get(monitor)
    if value is not None and math.isfinite(value):
        return TrialStatus(FINISHED, value, metrics, causes, closed=True)
    if monitor in metrics:
        cause = f"{monitor} is not a number"
    else:
        cause = unknown("monitor", monitor, sorted(metrics))
    return TrialStatus(FAILED, None, metrics, (*causes, cause), closed=True)
