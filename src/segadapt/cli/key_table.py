"""Config keys with their meanings, read from the comments of YAML files."""

import re
import textwrap
from collections.abc import Container, Iterator, Sequence
from itertools import takewhile
from pathlib import Path
from typing import Final, NamedTuple

import yaml

GRAMMAR: Final = ("defaults", "_target_", "_partial_", "_args_", "_convert_")
"""Keys by which Hydra composes and builds; they are not settings."""

HIDDEN: Final = (*GRAMMAR, "hydra")
"""Keys that tables of settings omit: those above, and the settings of Hydra itself."""

BELOW: Final = re.compile(r":\s*(\*[\w-]+|(&[\w-]+\s*)?([|>][-+\d]*)?(?=\s*(#|$)))")
"""Text after a key: an alias, or the head of a value that begins on the next line."""

COLUMN: Final = 34
"""Width of the column for a key and its default, in characters."""


class Key(NamedTuple):
    """A key that a user can set."""

    name: str
    """Dotted name within its file."""
    default: str
    """Default value as written in the file."""
    meaning: str
    """Comment in the file; empty if there is none."""


def keys(file: Path, hidden: Container[str] = HIDDEN) -> list[Key]:
    """The keys of a config file, in its order.

    A comment after a mapping in braces applies to every key between the braces.

    Args:
        file: A YAML file of ``conf/``.
        hidden: Names of keys that are skipped, including their content.

    Raises:
        ValueError: If the file is not a mapping.
    """
    text = file.read_text(encoding="utf-8")
    node = yaml.compose(text, yaml.SafeLoader)
    if node is None:  # only comments
        return []
    if not isinstance(node, yaml.MappingNode):
        raise ValueError(f"{file} is not a mapping of keys to values.")
    return list(_Lines(text.splitlines(), hidden).keys(node, "", ""))


def heading(file: Path) -> str:
    """The comment at the top of a config file; empty if there is none."""
    lines = file.read_text(encoding="utf-8").splitlines()
    comments = takewhile(lambda line: line.startswith("#"), lines)
    words = (line.lstrip("# ").rstrip() for line in comments if not line.startswith("# @package"))
    return " ".join(words)


def key_lines(table: Sequence[Key], width: int) -> Iterator[str]:
    """Keys and meanings in two columns.

    Args:
        table: The keys.
        width: Characters of a line.
    """
    for key in table:
        left = f"  {key.name}={key.default}"
        if not key.meaning:
            yield left
            continue
        if len(left) >= COLUMN:
            yield left
            left = ""
        yield from textwrap.wrap(
            key.meaning,
            max(width, 60),
            initial_indent=f"{left:{COLUMN}}",
            subsequent_indent=" " * COLUMN,
            break_long_words=False,
            break_on_hyphens=False,
        )


class _Lines(NamedTuple):
    """Lines of a config file."""

    lines: list[str]
    hidden: Container[str]

    def keys(self, node: yaml.MappingNode, prefix: str, meaning: str) -> Iterator[Key]:
        """The keys of a mapping; ``meaning`` is for those without a comment of their own."""
        for key, value in node.value:
            if key.value in self.hidden:
                continue
            name, end = f"{prefix}{key.value}", self._end(key, value)
            if not isinstance(value, yaml.MappingNode) or self._is_leaf(value):
                yield Key(name, self._default(value), self._comment(end) or meaning)
            else:
                shared = self._comment(end) or meaning if value.flow_style else ""
                yield from self.keys(value, f"{name}.", shared)

    def _is_leaf(self, node: yaml.MappingNode) -> bool:
        """Whether a mapping holds no settings: it is empty, or names a class without arguments."""
        return all(key.value in self.hidden for key, _ in node.value)

    def _end(self, key: yaml.Node, value: yaml.Node) -> tuple[int, int]:
        """Line and column after which the comment of a key begins."""
        line, column = key.end_mark.line, key.end_mark.column
        if header := BELOW.match(self.lines[line], column):
            return line, header.end()
        return value.end_mark.line, value.end_mark.column

    def _default(self, value: yaml.Node) -> str:
        start, end = value.start_mark, value.end_mark
        if start.line == end.line:
            return self.lines[start.line][start.column : end.column] or "null"
        return "[...]" if isinstance(value, yaml.SequenceNode) else "..."

    def _comment(self, end: tuple[int, int]) -> str:
        """The comment after a value, with the lines below that continue it."""
        line, column = end
        if line >= len(self.lines):
            return ""
        match = re.match(r"[\s,}\]]*#\s?(.*)", self.lines[line][column:])
        if match is None:
            return ""
        start = self.lines[line].index("#", column)
        words = [match[1].strip()]
        for below in self.lines[line + 1 :]:
            if len(below) <= start or below[:start].strip() or below[start] != "#":
                break
            words.append(below[start + 1 :].strip())
        return " ".join(words)
