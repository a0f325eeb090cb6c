"""The label map in a MATLAB file of version 5, as COCO-Stuff 10K publishes them.

``scipy.io.loadmat`` is not used, because it cannot be given damaged or hostile files (scipy 1.17):
one wrong byte, an unknown kind of numbers, ends the process with a segmentation fault; a file of
2 MB whose matrix has 1 x 1 pixel unpacks to 2 GB before its size is compared; other damage raises
zlib.error, OSError, TypeError, KeyError or UnboundLocalError. Checking a file beforehand would take
all that is below but the last line. The format is described in MathWorks' "MAT-File Format".
"""

import zlib
from collections.abc import Collection, Iterator
from itertools import islice
from typing import Final

import numpy as np
from jaxtyping import Shaped

SIGNATURE: Final = b"MATLAB 5.0 MAT-file"
HEADER, PEEK = 128, 512
"""Bytes before the first element; bytes of a variable that hold its size and name."""

MATRIX, COMPRESSED = 14, 15
NAME, DIMENSIONS, FLAGS = 1, 5, 6
NUMBERS: Final = {1: "<i1", 2: "<u1", 3: "<i2", 4: "<u2", 5: "<i4", 6: "<u4", 7: "<f4", 9: "<f8"}
"""Kinds of elements: containers, the parts of a matrix before its numbers, and the numbers."""

NUMERIC: Final = range(6, 16)
"""Classes of variables that are plain numbers: no text, cell, structure or sparse matrix."""


def read_matrix(
    data: bytes, names: Collection[str], max_pixels: int, file: str
) -> Shaped[np.ndarray, "_ _"]:
    """The matrix of one of several names; the other variables are not unpacked.

    Args:
        data: The whole file.
        names: Names of variables, of which the first in the file is taken.
        max_pixels: Larger matrices are refused before they are unpacked.
        file: What errors call the file.

    Raises:
        ValueError: If the file is truncated or damaged, or holds no such matrix of numbers, or a
            large one.
    """
    if data[HEADER - 2 : HEADER] != b"IM":
        raise ValueError(f"{file} is a MATLAB file of another byte order; save it again")
    for kind, content in _elements(data[HEADER:], file):
        head = _inflated(content, PEEK, file)[8:] if kind == COMPRESSED else content
        shape, variable = _described(head, file) if kind in (MATRIX, COMPRESSED) else ((), "")
        if variable not in names:
            continue
        if shape[0] * shape[1] > max_pixels:
            raise ValueError(
                f"{file} has {shape[0]} x {shape[1]} pixels, more than "
                f"data.max_pixels={max_pixels}; raise it if you trust the file"
            )
        if kind == COMPRESSED:  # 8 bytes are the widest number
            limit = 8 * shape[0] * shape[1] + PEEK
            content = _inflated(content, limit, file, whole=True)[8:]
        return _numbers(content, shape, file)
    raise ValueError(
        f"{file} holds no matrix of numbers called {' or '.join(names)}; download it again"
    )


def _elements(data: bytes, file: str) -> Iterator[tuple[int, bytes]]:
    """Kind and content of elements in a row."""
    offset = 0
    while offset < len(data):
        word = int.from_bytes(data[offset : offset + 4], "little")
        if word >> 16:  # up to four bytes stand in the tag itself
            kind, length, start, following = word & 0xFFFF, word >> 16, offset + 4, offset + 8
        else:
            kind, start = word, offset + 8
            length = int.from_bytes(data[offset + 4 : start], "little")
            # Elements begin at multiples of 8 bytes, but for those behind a compressed one.
            following = start + (length if kind == COMPRESSED else -(-length // 8) * 8)
        if start + length > min(len(data), following):
            raise ValueError(f"{file} is truncated at byte {len(data)}; download it again")
        yield kind, data[start : start + length]
        offset = following


def _inflated(data: bytes, limit: int, file: str, whole: bool = False) -> bytes:
    """The first bytes of a compressed element, or all and its checksum within the limit."""
    stream = zlib.decompressobj()
    try:
        content = stream.decompress(data, limit)
    except zlib.error as error:
        raise ValueError(f"{file} is damaged: {error}; download it again") from error
    if whole and not stream.eof:
        raise ValueError(f"{file} is damaged: its matrix has no end; download it again")
    return content


def _described(head: bytes, file: str) -> tuple[tuple[int, ...], str]:
    """Shape and name of a matrix of numbers; nothing of any other variable."""
    parts = list(islice(_elements(head, file), 3))
    if [kind for kind, _ in parts] != [FLAGS, DIMENSIONS, NAME]:
        return (), ""
    (_, flags), (_, dimensions), (_, name) = parts
    if len(dimensions) != 8 or flags[:1] not in [bytes([kind]) for kind in NUMERIC]:
        return (), ""
    rows, columns = np.frombuffer(dimensions, "<u4").tolist()
    return (rows, columns), name.decode("ascii", "replace")


def _numbers(content: bytes, shape: tuple[int, ...], file: str) -> Shaped[np.ndarray, "_ _"]:
    parts = list(islice(_elements(content, file), 4))
    kind, numbers = parts[3] if len(parts) == 4 else (0, b"")
    if (
        kind not in NUMBERS
        or len(numbers) != shape[0] * shape[1] * np.dtype(NUMBERS[kind]).itemsize
    ):
        raise ValueError(f"{file} is damaged: its matrix is not {shape[0]} x {shape[1]}")
    return np.frombuffer(numbers, NUMBERS[kind]).reshape(shape, order="F")
