"""Reading small untrusted files within limits on bytes, depth and entries.

A run folder may come from somebody else. Whatever such a file holds, reading it takes little memory
and time, never waits for a pipe, and fails only with a readable error.
"""

import io
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import yaml
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from segadapt.text.regular_files import open_regular

KIB: Final = 1 << 10
MIB: Final = 1 << 20

DEPTH: Final = 64
"""Levels of nested lists and mappings; configs have about 12, reports 8."""

ENTRIES: Final = 20_000
"""Values, keys, lists and mappings of a YAML file; configs have about 500."""

INTERPOLATED: Final = 10_000
"""Characters of a YAML file in values with ``${``, which take milliseconds to parse."""

LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

HALVES: Final = re.compile(r"\\u[dD][89a-fA-F]")
"""Escapes of bytes in a path that are not UTF-8; libyaml cannot read those that PyYAML writes."""


def read_bytes(file: Path, limit: int) -> bytes:
    """The content of a regular file.

    Args:
        file: The file; a link is followed.
        limit: Largest size, in bytes.

    Raises:
        ValueError: If it is not a regular file, or is larger.
        OSError: If it cannot be read.
    """
    with open_regular(file) as opened:
        size = os.fstat(opened.fileno()).st_size  # read() allocates all that it is asked for
        content = opened.read(min(size, limit) + 1)
    if len(content) > limit:
        raise ValueError(
            f"{file} is larger than {_size(limit)}, too large for such a file; remove it"
        )
    return content


def read_text(file: Path, limit: int) -> str:
    """The content of a text file in UTF-8, with or without a byte order mark.

    Raises:
        ValueError: If it is larger than ``limit`` bytes, not a regular file, or not UTF-8.
    """
    content = read_bytes(file, limit)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{file} is not UTF-8 text (byte {error.start}); save it as UTF-8"
        ) from error


def read_json(file: Path, limit: int) -> Any:
    """The value of a JSON file.

    Raises:
        ValueError: If it is larger, is not JSON, or is nested too deeply.
    """
    return parse_json(read_text(file, limit), str(file))


def parse_json(text: str, name: str) -> Any:
    """The value of a JSON text that has been read within limits; see :func:`read_json`.

    Args:
        text: Content of a file.
        name: Name of the text in errors.

    Raises:
        ValueError: If it is not JSON, or is nested too deeply.
    """
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:  # also for a number of thousands of digits
        raise ValueError(f"{name} is not valid JSON ({_line(error)})") from error
    _check_depth(content, name)
    return content


def read_object(file: Path, limit: int) -> dict[str, Any]:
    """The mapping that a JSON file holds.

    Raises:
        ValueError: As :func:`read_json`, or if it holds anything but a mapping.
    """
    content = read_json(file, limit)
    if not isinstance(content, dict):
        raise ValueError(f"{file} holds {_kind(content)} where a JSON object {{...}} is expected")
    return content


def read_yaml(file: Path, limit: int) -> Any:
    """The value of a YAML file, as plain lists, mappings and scalars; nothing is resolved.

    Args:
        file: The file.
        limit: Bytes that it may have.

    Raises:
        ValueError: If it is larger, is not YAML, is nested too deeply, has too many entries, or has
            anchors, aliases, tags or several documents, which segadapt never writes.
    """
    return parse_yaml(read_text(file, limit), str(file))


def parse_yaml(text: str, name: str) -> Any:
    """The value of a YAML text that has been read within limits; see :func:`read_yaml`.

    Args:
        text: Content of a file.
        name: Name of the text in errors.

    Raises:
        ValueError: As :func:`read_yaml`.
    """
    try:
        check_events(text)
        # OmegaConf's rules for numbers are those with which the file was written.
        loaded = OmegaConf.load(io.StringIO(text))
        return OmegaConf.to_container(loaded, resolve=False)
    except (
        yaml.YAMLError,
        OmegaConfBaseException,
        OSError,
        ValueError,
        TypeError,
        OverflowError,
        RecursionError,
    ) as error:
        raise ValueError(f"{name} is not valid YAML ({_line(error)})") from error


def read_mapping(file: Path, limit: int) -> dict[Any, Any]:
    """The mapping that a YAML file holds.

    Raises:
        ValueError: As :func:`read_yaml`, or if it holds anything but a mapping.
    """
    content = read_yaml(file, limit)
    if not isinstance(content, dict) or not content:
        raise ValueError(f"{file} holds {_kind(content)} where KEY: VALUE pairs are expected")
    return content


def read_list(file: Path, limit: int) -> list[Any]:
    """The list that a YAML file holds.

    Raises:
        ValueError: As :func:`read_yaml`, or if it holds anything but a list.
    """
    content = read_yaml(file, limit)
    if not isinstance(content, list):
        raise ValueError(f"{file} holds {_kind(content)} where a list is expected")
    return content


def check_events(text: str, entries: int = ENTRIES) -> None:
    """Check the whole file before anything is built from it.

    Raises:
        ValueError: If it is nested too deeply, is too long, or uses YAML that segadapt never
            writes.
    """
    depth = documents = interpolated = 0
    loader = yaml.SafeLoader if HALVES.search(text) else LOADER
    for number, event in enumerate(yaml.parse(text, Loader=loader)):
        match event:
            case yaml.AliasEvent():
                raise ValueError("aliases are not read; write the value itself")
            case yaml.DocumentStartEvent():
                documents += 1
            case yaml.NodeEvent() if event.anchor is not None:
                raise ValueError("anchors are not read; remove them")
            case yaml.ScalarEvent() | yaml.CollectionStartEvent() if event.tag is not None:
                raise ValueError(f"the tag {event.tag} is not read; remove it")
        if isinstance(event, yaml.ScalarEvent) and "$" in event.value:
            interpolated += len(event.value)
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > DEPTH:
            raise ValueError(f"it is nested more than {DEPTH} levels deep")
        if number > entries:
            raise ValueError(f"it has more than {entries:,} entries")
        if interpolated > INTERPOLATED:
            raise ValueError(f"its interpolations have more than {INTERPOLATED:,} characters")
        if documents > 1:
            raise ValueError("it holds more than one document")


def _check_depth(content: Any, name: str) -> None:
    level = [content]
    for _ in range(DEPTH + 1):
        if not (level := [child for node in level for child in _children(node)]):
            return
    raise ValueError(f"{name} is nested more than {DEPTH} levels deep, too deep for such a file")


def _children(node: Any) -> Iterator[Any]:
    """Elements of a list, or values of a mapping, which may be nested further."""
    values = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    return (value for value in values if isinstance(value, dict | list))


def _kind(content: Any) -> str:
    match content:
        case None:
            return "null"
        case dict():
            return "a mapping" if content else "nothing"
        case list():
            return "a list"
    return f"{str(content)[:40]!r}"


def _line(error: Exception) -> str:
    """The text of an error on one line, shortened."""
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    text = " ".join(str(error).split())
    return text if len(text) <= 200 else f"{text[:200]}..."


def _size(limit: int) -> str:
    return f"{limit // MIB} MiB" if limit >= MIB else f"{limit // KIB} KiB"
