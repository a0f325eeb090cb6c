"""Suggestions for misspelt names and keys."""

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any


def near(name: str, names: Iterable[str], number: int = 1) -> list[str]:
    """The names most similar to ``name``, ignoring case."""
    known = {option.lower(): option for option in names}
    matches = difflib.get_close_matches(name.lower(), known, n=number)
    return [known[option] for option in matches]


def near_keys(key: str, keys: Sequence[str], number: int = 2) -> list[str]:
    """The keys that the user may have meant: those with the same last part, else similar ones.

    Args:
        key: Key as typed.
        keys: Dotted keys of the composed config.
        number: Largest number of suggestions.
    """
    last = key.rpartition(".")[2]
    same = [known for known in keys if known.rpartition(".")[2] == last]
    if same:
        return sorted(same, key=lambda known: (known.count("."), keys.index(known)))[:number]
    return near(key, keys) or _by_last(last, keys)


def _by_last(last: str, keys: Sequence[str]) -> list[str]:
    ends = {known.rpartition(".")[2]: known for known in reversed(keys)}
    return [ends[name] for name in near(last, ends)]


def hint(name: str, names: Iterable[str], form: str = "{!r}") -> str:
    """A question that suggests the most similar name; empty if no name is similar.

    Args:
        name: Name as typed.
        names: Existing names.
        form: Format of the name in the question.
    """
    return did_you_mean([form.format(known) for known in near(name, names)])


def did_you_mean(names: Sequence[str]) -> str:
    """A question that suggests some names; empty for no names."""
    return f" Did you mean {' or '.join(names)}?" if names else ""


def keys(node: Any, prefix: str = "") -> Iterator[str]:
    """Dotted keys of all nodes of a config of plain values."""
    if isinstance(node, Mapping):
        for name, child in node.items():
            yield f"{prefix}{name}"
            yield from keys(child, f"{prefix}{name}.")
