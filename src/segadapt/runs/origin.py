"""The run that wrote a checkpoint."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

RUN = "run"
"""Key of a checkpoint under which its origin is stored; older versions lack it."""


class Origin(NamedTuple):
    """Identity of a run, as stored in its checkpoints."""

    id: str | None
    """Identity from run.json; None if this process does not know it (ranks above 0)."""
    config: str
    """Digest of the values that decide the run's numbers."""
    facts: dict[str, str | int]
    """Settings that describe a run to people: seed, classifier, data, number of classes."""

    def record(self) -> dict[str, Any]:
        """The entry stored in a checkpoint."""
        return {"id": self.id, "config": self.config, "facts": dict(self.facts)}

    def difference(self, record: Any) -> str | None:
        """The evidence that a checkpoint belongs to another run; None if there is none.

        Args:
            record: Entry of the checkpoint; None for an older version.
        """
        if record is None:
            return None
        if not isinstance(record, Mapping):
            return "its entry about its run is unreadable"
        theirs, others = _plain(record.get("id")), _facts(record)
        if record.get("config") == self.config:
            other = None not in (record.get("id"), self.id) and theirs != self.id
            return f"it is of run {theirs}, this is run {self.id}" if other else None
        differing = [
            f"{name} is {others.get(name)} there and {value} here"
            for name, value in self.facts.items()
            if others.get(name) != str(value)
        ]
        return "; ".join(differing) or f"the config of its run ({theirs}) differs from config.yaml"


def without_modules(node: Any) -> Any:
    """A config that names classes of this package without their modules.

    Modules may be renamed between versions, while the run stays the same.
    """
    match node:
        case dict():
            return {
                key: f"segadapt..{value.rpartition('.')[2]}"
                if key == "_target_" and str(value).startswith("segadapt.")
                else without_modules(value)
                for key, value in node.items()
            }
        case list():
            return [without_modules(value) for value in node]
    return node


def as_text(record: Mapping[str, Any]) -> str:
    """A run in words."""
    facts = [f"{name} {value}" for name, value in _facts(record).items()]
    return f"{_plain(record.get('id'))} ({', '.join(facts)})"


def _facts(record: Mapping[str, Any]) -> dict[str, str]:
    facts = record.get("facts")
    if not isinstance(facts, Mapping):
        return {}
    return {_plain(name): _plain(value) for name, value in facts.items()}


def _plain(value: Any) -> str:
    """Untrusted text, shortened and without control characters of a terminal."""
    return "".join(letter if letter.isprintable() else "?" for letter in str(value)[:80])


def check_origin(path: Path, content: Mapping[str, Any], origin: Origin) -> None:
    """Refuse to continue a run from a checkpoint of another one.

    Raises:
        ValueError: If the checkpoint belongs to another run; names the difference.
    """
    if reason := origin.difference(content.get(RUN)):
        raise ValueError(
            f"{path} belongs to another run: {reason}; put back the checkpoint of this run, or "
            "resume the other one in its own folder"
        )
