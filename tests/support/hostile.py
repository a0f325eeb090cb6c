"""Values that no setting takes, put under every key of a config."""

import copy
import math
from collections.abc import Iterator
from typing import Any, NamedTuple

WRONG: tuple[Any, ...] = (
    *(None, True, "abc", "", -1, 0, 7, 0.5, -0.5, 10**12, 1e39),
    *(math.nan, math.inf, -math.inf, [], [1], [1, 2, 3], [[1, 2], [3, 4]], ["a", "b"]),
    *({}, {"a": [[1]]}, [None, None]),
)
"""Most are wrong under most keys; which are right follows from what the key holds by itself."""


class Case(NamedTuple):
    """A config with one value replaced."""

    key: str
    before: Any
    value: Any
    config: dict[str, Any]


def leaves(node: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    """Keys whose values are neither nodes nor interpolations, and those of Hydra's own left out."""
    for name, child in node.items():
        path = f"{key}.{name}" if key else str(name)
        if isinstance(child, dict) and child:
            yield from leaves(child, path)
        elif not str(name).startswith("_") and not (isinstance(child, str) and "${" in child):
            yield path, child


def cases(config: dict[str, Any], every: int = 1) -> Iterator[Case]:
    """Every key with every wrong value, or with one of ``every``, other ones for each key."""
    for place, (key, before) in enumerate(leaves(config)):
        for value in WRONG[place % every :: every]:
            yield Case(key, before, value, replaced(config, key, value))


def replaced(config: dict[str, Any], key: str, value: Any) -> dict[str, Any]:
    """The config with another value; nodes that are not on the way to it are shared."""
    name, _, rest = key.partition(".")
    return {**config, name: replaced(config[name], rest, value) if rest else copy.copy(value)}


def certainly_wrong(before: Any, value: Any) -> bool:
    """Whether a value cannot be meant where another one stands, by Python's types alone."""
    match before:
        case bool():
            return type(value) is not bool
        case int():
            return value is not None and not (type(value) in (int, float) and abs(value) < 1e10)
        case float():
            return value is not None and not (type(value) in (int, float) and abs(value) < 1e38)
        case list():
            same = isinstance(value, list) and all(
                type(x) is type(y) or (type(x), type(y)) == (int, float)
                for x, y in _pairs(value, before)
            )
            return value is not None and not same
        case str():
            return value is not None and type(value) is not str
    return False  # null says nothing about what else there may be


def _pairs(value: list[Any], before: list[Any]) -> Iterator[tuple[Any, Any]]:
    example = before[0] if before else 0
    return ((item, example) for item in value)
