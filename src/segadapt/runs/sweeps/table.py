"""The table of a sweep: a row for each trial, and a column for each override that differs."""

from collections.abc import Sequence

from segadapt.runs.redaction import hidden_words
from segadapt.runs.sweeps.folder import TrialRow
from segadapt.runs.sweeps.trial import Trial
from segadapt.text.tables import Table


def columns(rows: Sequence[TrialRow]) -> list[str]:
    """Keys of the overrides that not all trials share."""
    each = [_typed(trial) for trial, _ in rows]
    keys = dict.fromkeys(key for overrides in each for key in overrides)
    return [key for key in keys if len({overrides.get(key) for overrides in each}) > 1]


def shown(monitor: str, value: float) -> str:
    """A monitored value as shown in tables; metrics of a validation are in percent."""
    return f"{100 * value:.2f}" if monitor.startswith("val/") else f"{value:.4g}"


def _typed(trial: Trial) -> dict[str, str]:
    """Overrides by key, without secrets."""
    parts = (word.partition("=") for word in hidden_words(trial.overrides))
    return {key: value for key, _, value in parts}  # ~KEY has no value


def table(rows: Sequence[TrialRow], title: str) -> Table:
    """The table of the current state of a sweep."""
    varied = columns(rows)
    monitors = dict.fromkeys(trial.monitor for trial, _ in rows)
    lines = []
    for trial, status in rows:
        typed = _typed(trial)
        value = "-" if status.value is None else shown(trial.monitor, status.value)
        values = [value if trial.monitor == name else "" for name in monitors]
        lines.append(
            [str(trial.number), *(typed.get(key, "") for key in varied), status.state, *values]
        )
    head = ["trial", *varied, "state", *monitors]
    return Table(head, lines, title=title, words=len(head) - len(monitors))
