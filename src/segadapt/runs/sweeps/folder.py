"""Sweep folders: a folder for each trial, and the results of the sweep.

``sweep.json`` and ``sweep.csv`` are written at the start and at the end. They are for people and
notebooks only: a sweep resumes from the folders of its trials.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from segadapt.files import replace_text
from segadapt.locks import hold_folder
from segadapt.runs.file_names import SWEEP, SWEEP_TABLE
from segadapt.runs.redaction import hidden_words
from segadapt.runs.sweeps.trial import Trial, TrialStatus
from segadapt.text.tables import csv_text

LOCK: Final = ".sweep.lock"

TrialRow = tuple[Trial, TrialStatus]


class SweepFolder:
    """The folder of a sweep, locked by this process until it ends, however it ends.

    Args:
        path: Folder; created if missing.

    Raises:
        ValueError: If another sweep holds it, or it cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lock = hold_folder(path, LOCK, "sweep folder", "sweeping", "hydra.sweep.dir=FOLDER")

    def __enter__(self) -> "SweepFolder":
        return self

    def __exit__(self, *_: object) -> None:
        self.lock.close()

    def record(self, rows: Sequence[TrialRow]) -> None:
        """Write the current results of the sweep."""
        trials = [_facts(*row) for row in rows]
        replace_text(self.path / SWEEP, json.dumps({"trials": trials}, indent=2) + "\n")
        replace_text(self.path / SWEEP_TABLE, csv_text(*spread(rows)))


def group(path: Path) -> str:
    """The name of a sweep in a tracker: the end of its path."""
    return "/".join(path.absolute().parts[-2:])


def _facts(trial: Trial, status: TrialStatus) -> dict[str, Any]:
    return {
        "trial": trial.number,
        "state": status.state,
        "monitor": trial.monitor,
        "value": status.value,
        "overrides": hidden_words(trial.overrides),
        "metrics": dict(status.metrics) if status.state == "finished" else {},
        "causes": list(status.causes),
    }


def spread(rows: Sequence[TrialRow]) -> tuple[list[str], list[list[Any]]]:
    """A sweep as a table for programs: overrides and metrics of each trial by name.

    Returns:
        Columns and rows, with None where a trial has no value.
    """
    lines = [
        {
            "trial": facts["trial"],
            "state": facts["state"],
            **{
                key: value for key, _, value in (word.partition("=") for word in facts["overrides"])
            },
            **facts["metrics"],
            "cause": facts["causes"][-1]
            if facts["causes"] and facts["state"] == "failed"
            else None,
        }
        for facts in (_facts(*row) for row in rows)
    ]
    columns = dict.fromkeys(name for line in lines for name in line)
    columns.pop("cause", None)
    names = [*columns, "cause"]
    return names, [[line.get(name) for name in names] for line in lines]
