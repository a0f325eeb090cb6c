"""Width and height of an image file from its first bytes, for looking at many files quickly."""

import struct
from pathlib import Path
from typing import Final

from segadapt.data import matlab, png
from segadapt.data.headers import FRAMES, SCAN, Size, read_size

HEAD: Final = 4096
"""Bytes that are read at first; few files need more."""

JPEG: Final = b"\xff\xd8\xff"


class Head:
    """The begin of a file, and the rest where it is needed.

    Args:
        file: Which file.

    Raises:
        ValueError: If it cannot be read.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self.data = self._read(HEAD)

    def size(self) -> Size:
        """Height and width as the header gives them, of any format that images may have.

        Raises:
            ValueError: If there is no such header.
        """
        if self.data.startswith(png.SIGNATURE) and len(self.data) >= 26:
            width, height = struct.unpack(">II", self.data[16:24])
            return height, width
        if self.data.startswith(JPEG) and (found := frame(self.data)) is not None:
            return found
        return read_size(self._read(-1), str(self.file))

    def label_size(self) -> Size | None:
        """The same of a label; None for MATLAB's files, which have no such header.

        Raises:
            ValueError: If it is neither, or has colours.
        """
        if self.data.startswith(matlab.SIGNATURE):
            return None
        size = self.size()
        if not self.data.startswith(png.SIGNATURE):
            raise ValueError(
                f"label {self.file} is no PNG; labels must be PNGs, which lose nothing"
            )
        if (colour := self.data[25]) not in (png.GREY, png.PALETTE):
            raise ValueError(
                f"label {self.file} is a PNG of type {png.COLOUR_TYPES.get(colour, 'unknown')}; "
                "a label holds one class number per pixel: convert its colours to class numbers"
            )
        return size

    def _read(self, count: int) -> bytes:
        try:
            with self.file.open("rb") as opened:
                return opened.read(count)
        except OSError as error:
            raise ValueError(f"{self.file} cannot be read: {error.strerror}") from error


def frame(data: bytes) -> Size | None:
    """Height and width in a JPEG's frame header; None if that does not lie within the data."""
    offset = 2
    while offset + 9 <= len(data) and data[offset] == 0xFF and data[offset + 1] != SCAN:
        if data[offset + 1] in FRAMES:
            height, width = struct.unpack(">HH", data[offset + 5 : offset + 9])
            return height, width
        offset += 2 + int.from_bytes(data[offset + 2 : offset + 4])
    return None
