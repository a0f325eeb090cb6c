"""Fields of untrusted annotation files: each is valid, or an error names it.

Errors say what is wrong with the value, after the place that the caller gives.
"""

import math
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any, Final

import numpy as np
from jaxtyping import Float

from segadapt.data.files.pairs import SUFFIXES
from segadapt.data.imports.shapes import FARTHEST
from segadapt.text.borders import printable, shortened

LONGEST_NAME: Final = 200
"""Bytes of a part of a path, so that a suffix and a mark still fit."""

SIDES: Final = 1_000_000
"""Pixels; no image has a longer side."""


def objects(node: Any, key: str, where: str) -> list[dict[str, Any]]:
    """The list of objects under a key.

    Raises:
        ValueError: If there is none.
    """
    nodes = node.get(key) if isinstance(node, dict) else None
    if not isinstance(nodes, list):
        raise ValueError(f"{where} has no list {key!r}; export the annotations again")
    for number, item in enumerate(nodes):
        if not isinstance(item, dict):
            raise ValueError(f"{where}: {key}[{number}] is {told(item)}, not an object")
    return nodes


def text(node: Mapping[str, Any], key: str, where: str) -> str:
    """A text that is not empty.

    Raises:
        ValueError: If it is something else.
    """
    value = node.get(key)
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"{where}: {key} is {told(value)}; give a text")
    return value


def whole(node: Mapping[str, Any], key: str, where: str, least: int = 0) -> int:
    """A whole number.

    Raises:
        ValueError: If it is something else, too small or absurdly large.
    """
    value = node.get(key)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= 2**62:
        raise ValueError(f"{where}: {key} is {told(value)}; give a whole number of {least} or more")
    return value


def identity(node: Mapping[str, Any], key: str, where: str) -> int | str:
    """A number or text that others refer to.

    Raises:
        ValueError: If it is something else.
    """
    value = node.get(key)
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise ValueError(f"{where}: {key} is {told(value)}; give a number or a text")
    return value


def size_of(node: Mapping[str, Any], where: str, keys: tuple[str, str]) -> tuple[int, int]:
    """Height and width of an image.

    Raises:
        ValueError: If they are not.
    """
    height, width = (whole(node, key, where, least=1) for key in keys)
    if max(height, width) > SIDES:
        raise ValueError(f"{where}: an image of {height} x {width} pixels; correct its size")
    return height, width


def ring(flat: Any, where: str) -> Float[np.ndarray, "_ 2"]:
    """The vertices of a polygon.

    Args:
        flat: x, y, x, y, ...
        where: Its name in errors.

    Raises:
        ValueError: If they are fewer than three, or one is not a number near an image.
    """
    if not isinstance(flat, list) or len(flat) % 2 or len(flat) < 6:
        content = f"{len(flat)} numbers" if isinstance(flat, list) else told(flat)
        raise ValueError(f"{where}: a polygon of {content}; give x and y of three vertices or more")
    return np.array([coordinate(value, where) for value in flat]).reshape(-1, 2)


def coordinate(value: Any, where: str) -> float:
    """A coordinate or a length in pixels.

    Raises:
        ValueError: If it is not a finite number, or far from any image.
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{where}: the coordinate {told(value)} is not a number")
    if not (math.isfinite(value) and abs(value) <= FARTHEST):
        raise ValueError(
            f"{where}: the coordinate {told(value)} is not within {FARTHEST:,} pixels of the image"
        )
    return float(value)


def relative(name: str, where: str) -> str:
    """The name of an image as a path below a folder.

    Raises:
        ValueError: If it leads out of the folder, is hidden, or is not of an image.
    """
    path = PurePosixPath(name)
    parts = path.parts
    if "\\" in name or path.is_absolute() or ".." in parts or not parts:
        raise ValueError(
            f"{where}: the file name {told(name)} leads out of the folder of images; write it "
            "below this folder, with / between folders"
        )
    if printable(name) != name or any(
        part.startswith(".") or len(part.encode("utf-8", "replace")) > LONGEST_NAME
        for part in parts
    ):
        raise ValueError(
            f"{where}: the file name {told(name)} is hidden, longer than {LONGEST_NAME} bytes, or "
            "holds characters that do not print; rename the file"
        )
    if path.suffix.lower() not in SUFFIXES:
        raise ValueError(
            f"{where}: the file {told(name)} is not an image that can be read "
            f"({', '.join(SUFFIXES)}); convert it"
        )
    return path.as_posix()


def told(value: Any) -> str:
    """A value as an error shows it."""
    if value is None:
        return "missing"
    return shortened(repr(value) if isinstance(value, str | int | float) else kind(value), 60)


def kind(value: Any) -> str:
    """The kind of a value, in words, for values that are not shown."""
    return {"dict": "an object", "list": "a list"}.get(type(value).__name__, type(value).__name__)
