"""YAML and JSON as nodes that know their line, for files that users write and edit."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import yaml

from segadapt.text.bounded import HALVES, LOADER, check_events, parse_json
from segadapt.text.reading import decoded

ENTRIES: Final = 2_000_000
"""Values, keys, lists and mappings of a file; a table of 65,534 classes has some 800,000."""


class NodeFault(ValueError):
    """Raised for a node with a wrong kind, key or value.

    Args:
        node: The node.
        sentence: Cause and fix.
    """

    def __init__(self, node: yaml.Node, sentence: str) -> None:
        super().__init__(sentence)
        self.line = line_of(node)


def read_nodes(file: Path, limit: int) -> yaml.Node:
    """The root node of a YAML file, or of a JSON file by its suffix.

    Args:
        file: The file.
        limit: Largest size, in bytes.

    Raises:
        ValueError: If it cannot be read within limits, or is neither YAML nor JSON; names the line.
    """
    text = decoded(file, limit)
    if file.suffix.lower() == ".json":
        parse_json(text, str(file))
        text = text.replace("\t", " ")  # JSON is YAML except for tabs, which its strings lack
    return parse_nodes(text, str(file))


def parse_nodes(text: str, origin: str) -> yaml.Node:
    """The root node of a YAML text.

    Args:
        text: The YAML.
        origin: Name of its source in errors.

    Raises:
        ValueError: If it is not YAML within limits; names the line.
    """
    loader = yaml.SafeLoader if HALVES.search(text) else LOADER
    try:
        check_events(text, ENTRIES)
        root = yaml.compose(text, Loader=loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f", line {mark.line + 1}" if mark else ""
        raise ValueError(
            f"{origin}{where} is not valid YAML ({error.problem}); put texts with special "
            "characters in quotes"
        ) from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ValueError(f"{origin} is not valid YAML ({' '.join(str(error).split())})") from error
    if root is None:
        raise ValueError(f"{origin} is empty")
    return root


def line_of(node: yaml.Node) -> int:
    """Number of the line in which a node begins, from 1."""
    return node.start_mark.line + 1


def items(node: yaml.Node, what: str, known: tuple[str, ...]) -> dict[str, yaml.Node]:
    """The values of a mapping by their keys.

    Args:
        node: The mapping.
        what: Its name in errors.
        known: Allowed keys.

    Raises:
        NodeFault: If it is not a mapping, or has an unknown or a repeated key.
    """
    if not isinstance(node, yaml.MappingNode):
        raise NodeFault(node, f"{what} is {kind(node)}; write a mapping of {', '.join(known)}")
    pairs: dict[str, yaml.Node] = {}
    for key, value in node.value:
        name = key.value if isinstance(key, yaml.ScalarNode) else None
        if name not in known:
            given = repr(name) if name is not None else kind(key)
            raise NodeFault(key, f"{what} has the key {given[:60]}. Available: {', '.join(known)}")
        if name in pairs:
            raise NodeFault(key, f"{what} has the key {name} twice; keep one")
        pairs[name] = value
    return pairs


def elements(node: yaml.Node) -> Iterator[yaml.Node]:
    """The elements of a list, or a scalar as the only one."""
    return iter(node.value) if isinstance(node, yaml.SequenceNode) else iter([node])


def scalar(node: yaml.Node, what: str) -> str:
    """The text of a scalar, whatever type YAML would give it.

    Raises:
        NodeFault: If it is not a scalar.
    """
    if not isinstance(node, yaml.ScalarNode):
        raise NodeFault(node, f"{what} is {kind(node)}; write a single value")
    # JSON writes characters beyond 16 bits as two surrogates.
    return node.value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def kind(node: yaml.Node) -> str:
    """The kind of a node, in words."""
    match node:
        case yaml.MappingNode():
            return "a mapping"
        case yaml.SequenceNode():
            return "a list"
    return f"{node.value[:40]!r}" if node.value else "empty"
