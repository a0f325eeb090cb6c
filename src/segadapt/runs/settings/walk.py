"""All keys of a config with their kinds, found by following ``_target_`` into the source."""

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from segadapt.runs.settings.annotations import kind_of
from segadapt.runs.settings.compound import Built, Either, TableOf
from segadapt.runs.settings.declared import FIXED, PASSED_ON, Annotations
from segadapt.runs.settings.kinds import Anything, Kind
from segadapt.runs.settings.ranges import RANGES, under
from segadapt.runs.settings.signatures import UNKNOWN, Signature, signature

TARGET: Final = "_target_"

HYDRA: Final = ("_target_", "_args_", "_partial_", "_recursive_", "_convert_")
"""Keys that Hydra reads in each node that is built."""


class Entry(NamedTuple):
    """A key of a config."""

    key: str
    value: Any
    kind: Kind | None
    """Kind of its value; None if no signature and no table declares the key."""


def entries(config: Mapping[str, Any], table: Annotations) -> Iterator[Entry]:
    """Every key of a config, each node before its content.

    Args:
        config: Plain values, possibly with interpolations.
        table: Annotations of keys that no signature declares.
    """
    for key, value in config.items():
        yield from _declared(str(key), value, table)


def _declared(key: str, value: Any, table: Annotations) -> Iterator[Entry]:
    """A key in the table, or a group of such keys."""
    below = f"{key}."
    if (annotation := table.get(key)) is not None:
        yield from _of_kind(key, value, kind_of(annotation, key))
        yield from _within(key, value, table)
    elif any(known.startswith(below) for known in table):
        if not isinstance(value, Mapping):
            yield Entry(key, value, Group())
            return
        for name, child in value.items():
            yield from _declared(f"{below}{name}", child, table)
    else:
        yield Entry(key, value, None)


def _of_kind(key: str, value: Any, kind: Kind | None) -> Iterator[Entry]:
    """A key, after the members of a table, which have their own names."""
    table = _table(kind)
    if table is not None and isinstance(value, Mapping):
        for name, child in value.items():
            path = f"{key}.{name}"
            named = under(path, RANGES) is not None
            yield from _of_kind(path, child, kind_of(table.member, path) if named else table.kind)
    yield Entry(key, value, kind)


def _table(kind: Kind | None) -> TableOf | None:
    match kind:
        case TableOf():
            return kind
        case Either(kinds=kinds):
            return next((table for member in kinds if (table := _table(member))), None)
    return None


def _within(key: str, value: Any, table: Annotations) -> Iterator[Entry]:
    """Entries within a node that is built, or within a list or table of such nodes."""
    match value:
        case {"_target_": str(target)}:
            yield from _parameters(key, value, target, table)
        case dict():
            for name, child in value.items():
                yield from _within(f"{key}.{name}", child, table)
        case list():
            for place, child in enumerate(value):
                yield from _within(f"{key}.{place}", child, table)


def _parameters(
    key: str, node: Mapping[str, Any], target: str, table: Annotations
) -> Iterator[Entry]:
    taken = signature(target)
    for name, value in node.items():
        path = f"{key}.{name}"
        if name in HYDRA:
            yield Entry(path, value, _of_hydra(name, taken))
        else:
            yield from _of_kind(path, value, _kind(path, str(name), taken, table))
            yield from _within(path, value, table)


def _kind(path: str, name: str, taken: Signature | None, table: Annotations) -> Kind | None:
    if path in table:
        return kind_of(table[path], path)
    if taken is UNKNOWN and any(known.startswith(f"{path.rpartition('.')[0]}.") for known in table):
        return None  # for Lightning's trainer the table alone decides
    if taken is None or (name not in taken.parameters and taken.open):
        return kind_of(PASSED_ON.get(name, "Any"), path)
    if name not in taken.parameters:
        return None
    return kind_of(taken.parameters[name].annotation, path)


def _of_hydra(name: str, taken: Signature | None) -> Kind:
    if name == TARGET:
        return Target() if taken is None else kind_of("str", "")
    if name in ("_partial_", "_recursive_"):
        return kind_of("bool", "")
    return Anything()


class Group(Kind):
    """A group of keys."""

    def accepts(self, value: Any) -> bool:
        return isinstance(value, Mapping)

    def takes(self, value: Any, many: bool = False) -> str:
        return "a group of keys"


class Target(Kind):
    """A class or function of this package that does not exist."""

    def accepts(self, value: Any) -> bool:
        return False

    def takes(self, value: Any, many: bool = False) -> str:
        return "the full name of a class or function, and this one does not exist"


def is_built(kind: Kind) -> bool:
    """Whether a kind is that of nodes with a ``_target_``."""
    match kind:
        case Built():
            return True
        case Either(kinds=kinds):
            return any(map(is_built, kinds))
    return False


def reason(key: str) -> str | None:
    """The reason why the config may not set a parameter of Lightning's trainer, with advice."""
    group, _, name = key.rpartition(".")
    if group != "trainer" or name not in FIXED:
        return None
    hint = FIXED[name]
    return f"this project sets it itself{f'; {hint}' if hint else ''}"
