"""Label tables in YAML and JSON."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import yaml

from segadapt.data.label_table.entries import Entries, Entry, LineFault
from segadapt.text.nodes import NodeFault, elements, items, line_of, read_nodes, scalar

KEYS: Final = ("classes", "ignored", "others")
"""Keys of a table."""

CLASS_KEYS: Final = ("name", "numbers", "colors", "palette")
"""Keys of a class."""

COMMENT: Final = "in YAML, # begins a comment, so write '#rrggbb' in quotes"


def yaml_entries(file: Path, limit: int) -> Entries:
    """The entries of a YAML or JSON file.

    Args:
        file: The file.
        limit: Maximum size, bytes.

    Raises:
        ValueError: If it is not such a file.
        LineFault: If an entry is invalid.
    """
    return entries_of(read_nodes(file, limit))


def entries_of(root: yaml.Node) -> Entries:
    """The entries that a root node holds.

    Raises:
        LineFault: If an entry is invalid.
    """
    try:
        return _entries(root)
    except NodeFault as fault:
        raise LineFault(fault.line, str(fault)) from fault


def _entries(root: yaml.Node) -> Entries:
    parts = items(root, "the table", KEYS)
    if not isinstance(parts.get("classes"), yaml.SequenceNode):
        raise NodeFault(
            parts.get("classes", root),
            "the table has no list of classes; write classes: and then, for each class, "
            "- {name: NAME, numbers: [NUMBER]}",
        )
    others = parts.get("others")
    return Entries(
        [_class(node) for node in parts["classes"].value],
        _ignored(parts["ignored"]) if "ignored" in parts else None,
        None if others is None else (line_of(others), scalar(others, "others")),
    )


def _class(node: yaml.Node) -> Entry:
    if isinstance(node, yaml.ScalarNode) and not node.value:
        raise NodeFault(node, "the entry is empty; name the class, or remove the entry")
    parts = items(node, "a class", CLASS_KEYS)
    palette = _colors(parts["palette"]) if "palette" in parts else []
    if len(palette) > 1:
        raise NodeFault(
            parts["palette"], "palette has several colours, but a class is drawn in one; keep one"
        )
    name = scalar(parts["name"], "name") if "name" in parts else ""
    return _values(node, parts)._replace(name=name, palette=palette[0] if palette else None)


def _ignored(node: yaml.Node) -> Entry:
    """Numbers and colours, or the numbers alone."""
    if isinstance(node, yaml.MappingNode):
        return _values(node, items(node, "ignored", ("numbers", "colors")))
    return Entry(line_of(node), numbers=_numbers(node))


def _values(node: yaml.Node, parts: dict[str, yaml.Node]) -> Entry:
    numbers = _numbers(parts["numbers"]) if "numbers" in parts else []
    colors = _colors(parts["colors"]) if "colors" in parts else []
    return Entry(line_of(node), numbers=numbers, colors=colors)


def _numbers(node: yaml.Node) -> list[str]:
    return [scalar(element, "a number") for element in elements(node)]


def _colors(node: yaml.Node) -> Sequence[str | Sequence[str]]:
    """One colour or several; three numbers side by side are one."""
    if isinstance(node, yaml.ScalarNode) and not node.value:
        raise NodeFault(node, f"the colour is empty; {COMMENT}")
    if _is_triple(node):
        return [_numbers(node)]
    return [
        _numbers(element) if isinstance(element, yaml.SequenceNode) else scalar(element, "a colour")
        for element in elements(node)
    ]


def _is_triple(node: yaml.Node) -> bool:
    if not isinstance(node, yaml.SequenceNode) or len(node.value) != 3:
        return False
    parts = [one.value for one in node.value if isinstance(one, yaml.ScalarNode)]
    return len(parts) == 3 and all(part.isdigit() and len(part) <= 3 for part in parts)
