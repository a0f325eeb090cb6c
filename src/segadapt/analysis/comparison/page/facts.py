"""The conditions under which runs were measured, and their departures from printed ones."""

from collections.abc import Sequence
from typing import Final

from segadapt.analysis.comparison.arms import Arm
from segadapt.analysis.comparison.comparison import Comparison
from segadapt.analysis.comparison.results import Result
from segadapt.runs.config import value_at
from segadapt.text.tables import Table

FIELDS: Final = {
    "data set": "data.name",
    "steps": "data.steps",
    "crop": "data.crop",
    "batch size": "data.batch_size",
}
"""Settings of a config that the page lists."""

PROTOCOL: Final = {
    "split": "data.split",
    "images": "data.images",
    "precision": "precision",
    "absent classes": "absent_class",
    "average": "average",
}
"""Entries of a report's protocol that the page lists."""

SOFTWARE: Final = ("segadapt", "torch", "torchvision", "lightning", "timm")


def where(result: Result) -> str:
    """Data set and split of a result."""
    name = value_at(result.config, "data.name", "an unnamed data set")
    split = value_at(result.report, "protocol.data.split")
    return name if split is None else f"{name} {split}"


def conditions(arms: Sequence[Arm]) -> Table:
    """A table with one row per condition, and all values that occur in the runs."""
    results = [result for arm in arms for result in arm.results]
    told: dict[str, list[object]] = {
        **{name: [value_at(r.config, key) for r in results] for name, key in FIELDS.items()},
        **{name: [_protocol(r, key) for r in results] for name, key in PROTOCOL.items()},
        "inference": [_settings(result) for result in results],
        "seeds": [result.seed for result in results],
        "commit": [_commit(result) for result in results],
        **{name: [_protocol(r, f"software.{name}") for r in results] for name in SOFTWARE},
    }
    rows = [[name, text] for name, values in told.items() if (text := _values(values))]
    return Table(["condition", "value"], rows, words=2)


def printed(comparison: Comparison) -> Table | None:
    """Measured and printed numbers, and the departures; None without printed numbers."""
    rows = [
        [
            row.arm,
            f"{row.miou:.2f}",
            f"{row.printed:.2f}",
            ", ".join(row.departures) or "no condition in the experiment's file",
        ]
        for row in comparison.rows
        if row.printed is not None
    ]
    return Table(["arm", "mIoU here", "printed (paper)", "differs"], rows) if rows else None


def _protocol(result: Result, key: str) -> object:
    return value_at(result.report, f"protocol.{key}")


def _commit(result: Result) -> str | None:
    software = value_at(result.report, "protocol.software") or {}
    commit = software.get("commit")
    return None if commit is None else commit + (" with changes" if software.get("dirty") else "")


def _settings(result: Result) -> str:
    name, *others = (
        f"{key} {value}" if key != "_target_" else str(value).rpartition(".")[2]
        for key, value in result.inference.items()
    )
    return ", ".join([name, *others])


def _values(values: Sequence[object]) -> str:
    """The distinct values in order."""
    return "; ".join(dict.fromkeys(str(value) for value in values if value is not None))
