"""Kinds of values: lists, tables and nodes that are built."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from segadapt.runs.settings.kinds import LARGEST_WHOLE, Kind, Whole, fits


@dataclass(frozen=True)
class Devices(Kind):
    """The number of processes on a machine, or a list of GPUs."""

    def accepts(self, value: Any) -> bool:
        match value:
            case bool():
                return False
            case int(count):
                return count == -1 or 0 < count <= LARGEST_WHOLE
            case str(text):
                return text in ("auto", "-1") or (text.isdecimal() and 0 < int(text) < 10**6)
            case list(cards):
                return ListOf(Whole()).accepts(cards) and len(set(cards)) == len(cards)
        return False

    def takes(self, value: Any, many: bool = False) -> str:
        return "an integer >= 1, a list of different cards such as [0, 1], or auto"


@dataclass(frozen=True)
class Off(Kind):
    """An empty node, from which nothing is built."""

    def accepts(self, value: Any) -> bool:
        return isinstance(value, Mapping) and not value

    def takes(self, value: Any, many: bool = False) -> str:
        return "{}"


@dataclass(frozen=True)
class ListOf(Kind):
    """A list, possibly of a given length."""

    kind: Kind
    length: int | None = None
    empty: bool = False

    def accepts(self, value: Any) -> bool:
        return (
            isinstance(value, Sequence)
            and not isinstance(value, str)
            and (len(value) == self.length if self.length else self.empty or len(value) > 0)
            and all(fits(self.kind, item) for item in value)
        )

    def takes(self, value: Any, many: bool = False) -> str:
        items = value if isinstance(value, list) else [value]
        wrong = next((item for item in items if not fits(self.kind, item)), None)
        number = f"{self.length} " if self.length else ""
        return f"{'lists' if many else 'a list'} of {number}{self.kind.takes(wrong, many=True)}"


@dataclass(frozen=True)
class TableOf(Kind):
    """A table of values by name."""

    kind: Kind
    member: str
    """Annotation of the values."""

    def accepts(self, value: Any) -> bool:
        return isinstance(value, Mapping) and all(fits(self.kind, item) for item in value.values())

    def takes(self, value: Any, many: bool = False) -> str:
        if not isinstance(value, Mapping):
            return "a table {NAME: VALUE, ...}"
        wrong = next(item for item in value.values() if not fits(self.kind, item))
        return f"a table whose values are {self.kind.takes(wrong, many=True)}"


@dataclass(frozen=True)
class Built(Kind):
    """A node whose ``_target_`` names what is built, or a list or table of such nodes."""

    def accepts(self, value: Any) -> bool:
        match value:
            case {"_target_": str()}:
                return True
            case {"_target_": _}:
                return False
            case dict():
                return bool(value) and all(map(self.accepts, value.values()))
            case list():
                return bool(value) and all(map(self.accepts, value))
        return False

    def takes(self, value: Any, many: bool = False) -> str:
        return "nodes with _target_" if many else "a node with _target_, the class to build"


@dataclass(frozen=True)
class Either(Kind):
    """A value of one of several kinds."""

    kinds: tuple[Kind, ...]

    def accepts(self, value: Any) -> bool:
        return any(kind.accepts(value) for kind in self.kinds)

    def takes(self, value: Any, many: bool = False) -> str:
        return " or ".join(kind.takes(value, many) for kind in self.kinds)
