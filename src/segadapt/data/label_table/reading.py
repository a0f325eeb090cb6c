"""Label tables as files: YAML, JSON or CSV in, YAML out."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from segadapt.data.label_table.csv_entries import csv_entries
from segadapt.data.label_table.entries import LineFault, built
from segadapt.data.label_table.table import LabelTable, Values, shown
from segadapt.data.label_table.yaml_entries import entries_of, yaml_entries
from segadapt.data.names import read_names
from segadapt.files import replacing
from segadapt.structures import ignored_label
from segadapt.text.bounded import MIB
from segadapt.text.choices import unknown
from segadapt.text.nodes import parse_nodes

LIMIT: Final = 16 * MIB
"""Bytes of a table; one of 65,534 classes has some 5 MiB."""

READERS: Final = {
    ".yaml": yaml_entries,
    ".yml": yaml_entries,
    ".json": yaml_entries,
    ".csv": csv_entries,
}

SUFFIXES: Final = (*READERS, ".txt")
"""Suffixes of files that :func:`read_table` reads."""


def read_table(file: Path) -> LabelTable:
    """The label table in a file, whose suffix decides the format.

    A ``.txt`` file holds one class name per line; labels then hold 0 ... K-1, and the largest
    number of their type (255 or 65,535) is ignored.

    Raises:
        ValueError: If the file is missing or invalid; names the file and the line.
    """
    if not file.is_file():
        raise ValueError(f"label table not found: {file}; write it, or correct data.classes")
    suffix = file.suffix.lower()
    if suffix == ".txt":
        names = read_names(file)
        return LabelTable.consecutive(names, ignored=(ignored_label(len(names)),))
    if suffix not in READERS:
        raise ValueError(unknown("format", suffix, SUFFIXES, f"of label table {file}"))
    try:
        entries = READERS[suffix](file, LIMIT)
    except LineFault as fault:
        raise ValueError(f"{file}, line {fault.line}: {fault}") from fault
    return built(entries, file)


def table_of(text: str, origin: str) -> LabelTable:
    """The label table that :func:`yaml_text` wrote.

    Args:
        text: The YAML.
        origin: What errors call where it comes from.

    Raises:
        ValueError: If it holds no such table; names the line.
    """
    try:
        entries = entries_of(parse_nodes(text, origin))
    except LineFault as fault:
        raise ValueError(f"{origin}, line {fault.line}: {fault}") from fault
    return built(entries, origin)


def write_table(table: LabelTable, file: Path, comments: Sequence[str] = ()) -> None:
    """Write a table as YAML, whole or not at all.

    Args:
        table: The table.
        file: Where to; replaced if it is there.
        comments: Lines to begin it with.

    Raises:
        OSError: If it cannot be written.
    """
    with replacing(file) as opened:
        opened.write(yaml_text(table, comments).encode())


def yaml_text(table: LabelTable, comments: Sequence[str] = ()) -> str:
    """A table as YAML that :func:`read_table` reads back."""
    palette = table.palette or (None,) * table.num_classes
    lines = [f"# {comment}".rstrip() for comment in comments]
    lines.append("classes:")
    for name, values, color in zip(table.names, table.sources, palette, strict=True):
        parts = [f"name: {json.dumps(name, ensure_ascii=False)}", *_values(values)]
        if color is not None and color not in values.colors[:1]:
            parts.append(f'palette: "{shown(color)}"')
        lines.append(f"  - {{{', '.join(parts)}}}")
    if table.ignored.all:
        lines.append(f"ignored: {{{', '.join(_values(table.ignored))}}}")
    others = table.others if isinstance(table.others, str) else table.names[table.others]
    lines.append(f"others: {json.dumps(others, ensure_ascii=False)}")
    return "\n".join(lines) + "\n"


def _values(values: Values) -> list[str]:
    parts = []
    if values.numbers:
        parts.append(f"numbers: [{', '.join(map(str, values.numbers))}]")
    if values.colors:
        quoted = [f'"{shown(color)}"' for color in values.colors]
        parts.append(f"colors: [{', '.join(quoted)}]")
    return parts
