"""Orientation in which an image is shown, as cameras and phones store it in the file (EXIF).

Pillow is not used, because it opens only whole headers, warns about damaged blocks or raises an
error, accepts numbers above 8, and decodes each PNG file that has no block before its pixels to
look for one behind them, which would double the work on such a training image (Pillow 13.0).
"""

from typing import Final

import numpy as np
from jaxtyping import Shaped

from segadapt.data.files import png
from segadapt.data.files.image_headers import JPEG, segments

UPRIGHT: Final = 1
"""EXIF orientation of an image shown as stored; 2 ... 8 are rotated or mirrored."""

TAG: Final = 0x0112
MARK: Final = b"Exif\0\0"
"""Marker before the EXIF block in JPEG files, and in some others."""

RIFF: Final = b"RIFF"
"""First bytes of WebP files."""


def check_upright(data: bytes, file: str) -> None:
    """Refuse an image that viewers rotate, because the orientation of its label is unknown.

    Args:
        data: The file, or its begin, where the orientation usually stands.
        file: What errors call it.

    Raises:
        ValueError: If it is turned.
    """
    if (turned := orientation(data)) != UPRIGHT:
        raise ValueError(
            f"{file} is turned when shown (EXIF orientation {turned}), but labels do not turn; "
            "save its pixels the way up that its label has, without that tag"
        )


def turned(image: Shaped[np.ndarray, "_ _ _"], orientation: int) -> Shaped[np.ndarray, "_ _ _"]:
    """An image as viewers show it.

    Args:
        image: Its pixels as they are stored.
        orientation: What EXIF says of it, 1 ... 8.
    """
    if orientation >= 5:  # rows are stored as columns
        image = image.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        image = image[::-1]
    if orientation in (2, 3, 6, 7):
        image = image[:, ::-1]
    return np.ascontiguousarray(image)


def orientation(data: bytes) -> int:
    """The orientation of a JPEG, PNG or WebP file, 1 ... 8; 1 if it is not stated.

    A block that cannot be read says nothing, as it does to all viewers.
    """
    block = b""
    if data.startswith(JPEG):
        block = _in_jpeg(data)
    elif data.startswith(png.SIGNATURE):
        block = _in_png(data)
    elif data.startswith(RIFF):
        block = _in_webp(data)
    return _orientation(block.removeprefix(MARK))


def _in_jpeg(data: bytes) -> bytes:
    return next((content for _, content in segments(data) if content.startswith(MARK)), b"")


def _in_png(data: bytes) -> bytes:
    offset = len(png.SIGNATURE)
    while offset < len(data):
        start, length = offset + 8, int.from_bytes(data[offset : offset + 4])
        if data.startswith(b"eXIf", offset + 4):
            return data[start : start + length]
        offset = start + length + 4
    return b""


def _in_webp(data: bytes) -> bytes:
    offset = 12
    while offset < len(data):
        start, length = offset + 8, int.from_bytes(data[offset + 4 : offset + 8], "little")
        if data.startswith(b"EXIF", offset):
            return data[start : start + length]
        offset = start + length + length % 2
    return b""


def _orientation(block: bytes) -> int:
    """The tag in the first directory of a TIFF block: entries of tag, type, count and value."""
    if block[:2] not in (b"II", b"MM"):
        return UPRIGHT

    def number(at: int, size: int) -> int:
        return int.from_bytes(block[at : at + size], "little" if block[:2] == b"II" else "big")

    directory = number(4, 4)
    for entry in range(number(directory, 2)):
        at = directory + 2 + 12 * entry
        if number(at, 2) == TAG:
            value = number(at + 8, 2)
            return value if 1 <= value <= 8 else UPRIGHT
    return UPRIGHT
