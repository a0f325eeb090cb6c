"""Config keys with the meaning that stands in the comments of their YAML file."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import yaml

HIDDEN: Final = ("defaults", "hydra", "_target_", "_partial_", "_args_")
"""Keys that are Hydra's, not a user's."""


class Key(NamedTuple):
    """A key that a user can set."""

    name: str
    """Dotted, within its file."""
    default: str
    """As it stands in the file."""
    meaning: str
    """Its comment; empty if it has none."""


def keys(file: Path) -> list[Key]:
    """The keys of a config file, in its order.

    Args:
        file: A YAML file of ``conf/``.

    Raises:
        ValueError: If the file is not a mapping.
    """
    text = file.read_text(encoding="utf-8")
    node = yaml.compose(text, yaml.SafeLoader)
    if node is None:  # nothing but comments
        return []
    if not isinstance(node, yaml.MappingNode):
        raise ValueError(f"{file} is not a mapping of keys to values.")
    return list(_keys(node, "", text.splitlines()))


def heading(file: Path) -> str:
    """What the comment at the top of a config file says; empty if there is none."""
    lines = file.read_text(encoding="utf-8").splitlines()
    comments: list[str] = []
    for line in lines:
        if not line.startswith("#"):
            break
        comments.append(line.lstrip("# ").rstrip())
    return " ".join(comments)


def _keys(node: yaml.MappingNode, prefix: str, lines: list[str]) -> Iterator[Key]:
    for key, value in node.value:
        if key.value in HIDDEN:
            continue
        name = f"{prefix}{key.value}"
        if isinstance(value, yaml.MappingNode) and value.value:
            yield from _keys(value, f"{name}.", lines)
        else:
            yield Key(name, _default(value, lines), _comment(value.end_mark, lines))


def _default(value: yaml.Node, lines: list[str]) -> str:
    start, end = value.start_mark, value.end_mark
    if start.line == end.line:
        return lines[start.line][start.column : end.column] or "null"
    return "[...]" if isinstance(value, yaml.SequenceNode) else "..."


def _comment(end: yaml.Mark, lines: list[str]) -> str:
    """The comment behind a value, with the lines below that continue it."""
    if end.line >= len(lines):
        return ""
    match = re.match(r"\s*#\s?(.*)", lines[end.line][end.column :])
    if match is None:
        return ""
    column = lines[end.line].index("#", end.column)
    words = [match[1].strip()]
    for line in lines[end.line + 1 :]:
        if len(line) <= column or line[:column].strip() or line[column] != "#":
            break
        words.append(line[column + 1 :].strip())
    return " ".join(words)
