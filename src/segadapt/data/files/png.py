"""The structure of PNG files: reading, checking, and reducing them to the chunks of labels.

Pillow is not used, because it fills the rows that a PNG file lacks with zeros, and so with class 0,
without an error, and reads wrong numbers from some files with one changed byte. ``Image.verify``
finds those, except at the end of the file, but not the missing rows (Pillow 13.0).
"""

import struct
import zlib
from typing import Final, NamedTuple

import numpy as np
from jaxtyping import UInt8

SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
GREY, PALETTE = 0, 3
"""Colour types whose pixels are one number."""

COLOUR_TYPES: Final = {0: "grey", 2: "RGB", 3: "palette", 4: "grey with alpha", 6: "RGB with alpha"}


class Png(NamedTuple):
    """Header of a PNG file, and its chunks as (kind, payload)."""

    width: int
    height: int
    depth: int
    colour: int
    chunks: list[tuple[bytes, bytes]]


def parse(data: bytes, file: str) -> Png:
    """Walk the chunks and verify the checksum of each.

    OpenCV's reaction to a wrong checksum depends on its release and build.

    Raises:
        ValueError: If the file is truncated or a checksum does not fit.
    """
    chunks: list[tuple[bytes, bytes]] = []
    offset = len(SIGNATURE)
    while not chunks or chunks[-1][0] != b"IEND":
        head = data[offset : offset + 8]
        end = offset + 12 + int.from_bytes(head[:4])
        if len(head) < 8 or end > len(data):
            raise ValueError(
                f"{file} is truncated at byte {len(data)}; download or export it again"
            )
        body = data[offset + 4 : end - 4]
        if zlib.crc32(body) != int.from_bytes(data[end - 4 : end]):
            raise ValueError(
                f"{file} is damaged: the checksum of its part at byte {offset} is wrong; "
                "download or export it again"
            )
        chunks.append((body[:4], body[4:]))
        offset = end
    kind, header = chunks[0]
    if kind != b"IHDR" or len(header) != 13:
        raise ValueError(f"{file} is damaged: a PNG without header; download or export it again")
    width, height, depth, colour = struct.unpack(">IIBB", header[:10])
    return Png(width, height, depth, colour, chunks)


def check_kind(colour: int, file: str, colors: bool) -> None:
    """Check that the pixels of a label have an allowed type.

    Args:
        colour: Colour type of the PNG.
        file: What errors call it.
        colors: Whether they may be colours; palettes and shades of grey can be both.

    Raises:
        ValueError: If they are colours and may not.
    """
    if colour not in (GREY, PALETTE) and not colors:
        raise ValueError(
            f"label {file} is a PNG of type {COLOUR_TYPES.get(colour, 'unknown')}; "
            "a label holds one class number per pixel: convert its colours to class numbers, or "
            "list them in a label table (data.classes=FILE)"
        )


def as_grey(png: Png) -> bytes:
    """The same PNG with its pixels declared grey, and nothing in it but pixels.

    The numbers in a palette PNG are indices into the palette, laid out exactly like grey values,
    but every decoder replaces them by colours. Declared grey they come out as they are. Without
    the other chunks no transparency, gamma or orientation can touch them either.
    """
    header = png.chunks[0][1]
    return _with_header(png, header[:9] + bytes([GREY]) + header[10:])


def only_pixels(png: Png) -> bytes:
    """The same PNG with nothing in it but pixels."""
    return _with_header(png, png.chunks[0][1])


def palette(png: Png) -> UInt8[np.ndarray, "n 3"]:
    """The colours of a palette; empty without a palette."""
    payload = next((payload for kind, payload in png.chunks if kind == b"PLTE"), b"")
    return np.frombuffer(payload[: len(payload) // 3 * 3], dtype=np.uint8).reshape(-1, 3)


def with_palette(data: bytes, colors: bytes) -> bytes:
    """A grey PNG of 8 bits with its pixels declared indices into a palette: the inverse.

    Args:
        data: The file.
        colors: Red, green and blue of 256 indices.
    """
    grey = parse(data, "PNG")
    assert (grey.depth, grey.colour, len(colors)) == (8, GREY, 768)
    header = grey.chunks[0][1]
    parts = [(b"IHDR", header[:9] + bytes([PALETTE]) + header[10:]), (b"PLTE", colors)]
    return SIGNATURE + b"".join(_chunk(*part) for part in [*parts, *grey.chunks[1:]])


def _with_header(png: Png, header: bytes) -> bytes:
    pixels = [chunk for chunk in png.chunks if chunk[0] == b"IDAT"]
    parts = [(b"IHDR", header), *pixels, (b"IEND", b"")]
    return SIGNATURE + b"".join(_chunk(*part) for part in parts)


def _chunk(kind: bytes, payload: bytes) -> bytes:
    body = kind + payload
    return len(payload).to_bytes(4) + body + zlib.crc32(body).to_bytes(4)
