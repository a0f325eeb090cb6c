"""Width and height of an image file from its first bytes, for looking at many files quickly."""

import struct
from pathlib import Path
from typing import Final

from segadapt.data.files import matlab, png
from segadapt.data.files.image_headers import JPEG, Size, first_frame, read_size
from segadapt.files import read_regular

HEAD: Final = 4096
"""Bytes that are read at first; few files need more."""


class Head:
    """The begin of a file, and the rest where it is needed.

    Args:
        file: Which file.

    Raises:
        ValueError: If it cannot be read.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self.data = read_regular(file, HEAD)

    def size(self) -> Size:
        """Height and width as the header gives them, of any format that images may have.

        Raises:
            ValueError: If there is no such header.
        """
        if self.data.startswith(png.SIGNATURE) and len(self.data) >= 26:
            width, height = struct.unpack(">II", self.data[16:24])
            return height, width
        if self.data.startswith(JPEG) and (place := first_frame(self.data)) is not None:
            height, width = struct.unpack(">HH", self.data[place + 5 : place + 9])
            return height, width
        return read_size(self._all(), str(self.file))

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
                f"label {self.file} is not a PNG; labels must be PNGs, which are lossless"
            )
        if (colour := self.data[25]) not in (png.GREY, png.PALETTE):
            raise ValueError(
                f"label {self.file} is a PNG of type {png.COLOUR_TYPES.get(colour, 'unknown')}; "
                "a label holds one class number per pixel: convert its colours to class numbers"
            )
        return size

    def _all(self) -> bytes:
        if len(self.data) == HEAD:
            self.data = read_regular(self.file)
        return self.data
