"""Width, height and depth of an image file from its header, before anything is decoded.

Pillow is not used, because the limit on pixels would not hold (Pillow 13.0): where a JPEG has two
frame headers, it reports the last, but decoders allocate the first; ``Image.open`` refuses what
exceeds Pillow's own limit, whatever data.max_pixels allows, and raising that limit raises it for
the whole process. It also needs all bytes of a WebP file, does not notice that a BMP, PNG or JPEG
file is truncated, and takes twice as long for the headers of CamVid.
"""

import re
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

from segadapt.data.files import npy, png, rasters, tiff_header
from segadapt.text.regular_files import read_regular

Size = tuple[int, int]
"""Height and width, pixels."""

JPEG: Final = b"\xff\xd8\xff"
"""First bytes of JPEG files."""

MARKER: Final = re.compile(rb"\xff[^\x00\x01\xff\xd0-\xd7]")
"""The next marker in JPEG data that a segment follows: not a stuffed byte, not a fill byte, not a
restart, nor the one for temporary use."""

FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
SCAN, END = 0xDA, 0xD9
"""JPEG markers: those that begin a frame and hold its size, of a scan, and of the end."""

HEAD: Final = 4096
"""Bytes of a file that are read first; few files need more."""


class Frame(NamedTuple):
    """Content of the frame header of a JPEG.

    Args:
        depth: Bits per channel.
        height: In pixels.
        width: In pixels.
    """

    depth: int
    height: int
    width: int


class Head:
    """The beginning of a file, and the rest on demand, for reading many headers quickly.

    Args:
        file: Which file.

    Raises:
        ValueError: If it cannot be read.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self.data = read_regular(file, HEAD)

    def size(self) -> Size:
        """Height and width from the header, for any image format.

        Raises:
            ValueError: If there is no such header.
        """
        if self.data.startswith(png.SIGNATURE) and len(self.data) >= 26:
            width, height = struct.unpack(">II", self.data[16:24])
            return height, width
        if self.data.startswith(JPEG) and (frame := first_frame(self.data)) is not None:
            return frame.height, frame.width
        return read_size(self.whole(), str(self.file))

    def whole(self) -> bytes:
        """All bytes of the file."""
        if len(self.data) == HEAD:
            self.data = read_regular(self.file)
        return self.data


def read_size(data: bytes, file: str) -> Size:
    """Height and width from the header; the file is also checked for truncation.

    Raises:
        ValueError: If the file is empty, of an unknown format, truncated, or damaged where this can
            be seen without decoding.
    """
    if not data:
        raise ValueError(f"{file} is empty (0 bytes); download or export it again")
    for magic, size in FORMATS.items():
        if data.startswith(magic):
            return size(data, file)
    raise ValueError(
        f"{file} is not a JPEG, PNG, BMP, WebP, TIFF or NPY file; convert it to one of them"
    )


def bit_depth(data: bytes) -> int:
    """Bits per channel of an image, from its first bytes; 8 if they do not state it."""
    if data.startswith(png.SIGNATURE):
        return data[24]
    if data.startswith(JPEG) and (frame := first_frame(data)) is not None:
        return frame.depth
    return 8


def first_frame(data: bytes) -> Frame | None:
    """The first frame header of a JPEG, which decoders believe; None if the data end before it."""
    for kind, content in segments(data):
        if kind in FRAMES:
            return Frame(*struct.unpack(">BHH", content[:5])) if len(content) >= 5 else None
    return None


def segments(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Markers and contents of the segments before the pixels of a JPEG, as far as read."""
    offset = 2
    while offset + 4 <= len(data) and data[offset] == 0xFF and (kind := data[offset + 1]) != SCAN:
        if kind == 0xFF:  # markers may begin with any number of these
            offset += 1
            continue
        end = offset + 2 + int.from_bytes(data[offset + 2 : offset + 4])
        yield kind, data[offset + 4 : end]
        offset = end


def _png(data: bytes, file: str) -> Size:
    header = png.parse(data, file)
    return header.height, header.width


def _jpeg(data: bytes, file: str) -> Size:
    """Walk the markers up to the end of the image; data after it are ignored.

    A decoder takes the size of the first frame, whatever further frames claim.
    """
    size: Size | None = None
    offset = 2
    while (marker := MARKER.search(data, offset)) and (kind := data[marker.end() - 1]) != END:
        segment = data[marker.end() : marker.end() + 7]
        if len(segment) < 7:
            break
        if kind in FRAMES and size is None:
            size = struct.unpack(">HH", segment[3:7])
        offset = marker.end() + int.from_bytes(segment[:2])
    else:
        if marker and size is not None:
            return size
    raise ValueError(
        f"{file} is truncated: the JPEG has no end marker; download or export it again"
    )


def _bmp(data: bytes, file: str) -> Size:
    if len(data) < 26 or len(data) < int.from_bytes(data[2:6], "little"):
        raise ValueError(f"{file} is truncated at byte {len(data)}; download or export it again")
    old = int.from_bytes(data[14:18], "little") == 12  # sides of 16 bits
    width, height = struct.unpack("<HH", data[18:22]) if old else struct.unpack("<ii", data[18:26])
    return abs(height), abs(width)


def _webp(data: bytes, file: str) -> Size:
    """Three kinds of WebP (lossy, lossless, extended) keep their size in three ways."""
    if len(data) < 30 or len(data) < int.from_bytes(data[4:8], "little") + 8:
        raise ValueError(f"{file} is truncated at byte {len(data)}; download or export it again")
    match data[12:16]:
        case b"VP8 ":
            width, height = struct.unpack("<HH", data[26:30])
            return height & 0x3FFF, width & 0x3FFF
        case b"VP8L":
            bits = int.from_bytes(data[21:25], "little")
            return (bits >> 14 & 0x3FFF) + 1, (bits & 0x3FFF) + 1
        case b"VP8X":
            width, height = (int.from_bytes(data[at : at + 3], "little") for at in (24, 27))
            return height + 1, width + 1
    raise ValueError(f"{file} is not a readable WebP image; convert it to PNG or JPEG")


FORMATS: Final[dict[bytes, Callable[[bytes, str], Size]]] = {
    png.SIGNATURE: _png,
    JPEG: _jpeg,
    b"BM": _bmp,
    b"RIFF": _webp,
    npy.SIGNATURE: rasters.npy_size,
    **dict.fromkeys(tiff_header.SIGNATURES, rasters.tiff_size),
}
