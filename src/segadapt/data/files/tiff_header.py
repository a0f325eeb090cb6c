"""The header of the first image in a TIFF file, read before anything is decoded."""

import math
import mmap
import struct
import zlib
from typing import Final, NamedTuple

Content = bytes | mmap.mmap
"""A whole file, in memory or mapped."""

SIGNATURES: Final = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
"""First bytes of TIFF and BigTIFF files, in both byte orders."""

WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC = 256, 257, 258, 259, 262
SAMPLES, PLANES, COLOR_MAP, SAMPLE_FORMAT = 277, 284, 320, 339
ORIENTATION = 274
PIECES: Final = ((273, 279), (324, 325))
"""Tags of the places and bytes of strips, and of tiles."""

DEFLATE: Final = (8, 32_946)
"""Both values of COMPRESSION that mean zlib's format."""

SPARE: Final = 1 << 20
"""Bytes that strips and tiles may unpack to beyond the image, before that is multiplied."""

GREY, RGB, PALETTE = 1, 2, 3
"""Values of PHOTOMETRIC; 0 is grey with white as zero."""

FORMATS: Final = {1: "B", 3: "H", 4: "I", 16: "Q"}
"""Types of tags that hold whole numbers."""

MOST: Final = 1 << 22
"""Numbers of a tag; a raster of 40,000 x 40,000 pixels in tiles of 64 has some 400,000."""


class TiffHeader(NamedTuple):
    """The first image of a file."""

    height: int
    width: int
    bits: int
    """Bits per sample."""
    samples: int
    """Samples per pixel."""
    photometric: int
    photometric_at: int
    """Byte of the file that holds the value."""
    sample_format: int
    """1: unsigned, 2: signed, 3: floating point."""
    compression: int
    color_map: tuple[int, ...]
    order: str
    """``<`` or ``>``, as struct takes it."""
    planes: int = 1
    """1 if the samples of a pixel are side by side, 2 if each has its own plane."""
    orientation: int = 1
    """Orientation as in EXIF: 1 is upright."""
    pieces: tuple[tuple[int, int], ...] = ()
    """Place and bytes of each strip or tile."""


class _Reader:
    """The tags of the first directory."""

    def __init__(self, data: Content, file: str) -> None:
        self.data, self.file = data, file
        self.order = "<" if data[:2] == b"II" else ">"
        self.big = 43 in (data[2], data[3])
        self.places: dict[int, int] = {}
        self.tags = dict(self._entries())

    def whole(self, tag: int, default: int | None = None) -> int:
        values = self.tags.get(tag, () if default is None else (default,))
        if not values:
            raise self.damaged(f"it lacks tag {tag}")
        return values[0]

    def damaged(self, what: str) -> ValueError:
        return ValueError(f"{self.file} is a damaged TIFF ({what}); download or export it again")

    def _entries(self) -> list[tuple[int, tuple[int, ...]]]:
        start = self._unpack("Q", 8)[0] if self.big else self._unpack("I", 4)[0]
        count, begin, size = (
            (self._unpack("Q", start)[0], start + 8, 20)
            if self.big
            else (self._unpack("H", start)[0], start + 2, 12)
        )
        if begin + count * size > len(self.data):
            raise self.damaged(f"its directory ends after byte {len(self.data)}")
        return [self._entry(begin + number * size) for number in range(count)]

    def _entry(self, at: int) -> tuple[int, tuple[int, ...]]:
        tag, kind = self._unpack("HH", at)
        count = self._unpack("Q" if self.big else "I", at + 4)[0]
        if kind not in FORMATS:
            return tag, ()
        room, place = (8, at + 12) if self.big else (4, at + 8)
        if count > MOST:
            raise self.damaged(f"tag {tag} has {count} values")
        if count * struct.calcsize(FORMATS[kind]) > room:
            place = self._unpack("Q" if self.big else "I", place)[0]
        self.places[tag] = place
        return tag, self._unpack(f"{count}{FORMATS[kind]}", place)

    def _unpack(self, what: str, at: int) -> tuple[int, ...]:
        try:
            return struct.unpack_from(self.order + what, self.data, at)
        except (struct.error, OverflowError) as error:
            raise self.damaged(f"it ends at byte {len(self.data)}") from error


def read_header(data: Content, file: str) -> TiffHeader:
    """The header of the first image, whose strips or tiles are checked to be in the file.

    Args:
        data: The whole file.
        file: What errors call it.

    Raises:
        ValueError: If it is truncated or damaged.
    """
    reader = _Reader(data, file)
    pieces = tuple(
        piece
        for places, sizes in PIECES
        for piece in zip(reader.tags.get(places, ()), reader.tags.get(sizes, ()), strict=False)
    )
    if any(place + size > len(data) for place, size in pieces):
        raise ValueError(f"{file} is truncated at byte {len(data)}; download or export it again")
    photometric = reader.whole(PHOTOMETRIC, GREY)
    return TiffHeader(
        reader.whole(HEIGHT),
        reader.whole(WIDTH),
        reader.whole(BITS, 1),
        reader.whole(SAMPLES, 1),
        photometric,
        reader.places.get(PHOTOMETRIC, 0),
        reader.whole(SAMPLE_FORMAT, 1),
        reader.whole(COMPRESSION, 1),
        reader.tags.get(COLOR_MAP, ()),
        reader.order,
        reader.whole(PLANES, 1),
        reader.whole(ORIENTATION, 1),
        pieces,
    )


def check_checksums(data: bytes, header: TiffHeader, file: str) -> None:
    """Compare the checksums of deflated strips or tiles, which decoders of TIFF leave unread.

    Raises:
        ValueError: If one does not fit its data, or unpacks to more than the image has.
    """
    if header.compression not in DEFLATE:
        return
    samples = math.prod((header.height, header.width, header.samples))
    room = (samples * header.bits // 8 + SPARE) * 4  # tiles reach over the edges of an image
    for place, size in header.pieces:
        unpacker = zlib.decompressobj()
        try:
            room -= len(unpacker.decompress(data[place : place + size], max(room, 1)))
        except zlib.error as error:
            raise _damaged(file, str(error)) from error
        if size and not unpacker.eof:
            raise _damaged(
                file, f"its data do not end with {header.height} x {header.width} pixels"
            )


def _damaged(file: str, what: str) -> ValueError:
    return ValueError(f"{file} is damaged and cannot be decoded ({what})")


def as_grey(data: bytes, header: TiffHeader) -> bytes:
    """The file with its samples declared grey, so that decoders return unchanged values.

    They would replace indices by the colours of the palette, and turn round what has white as 0.
    """
    if header.photometric == GREY or not header.photometric_at:
        return data
    at, value = header.photometric_at, struct.pack(header.order + "H", GREY)
    return data[:at] + value + data[at + 2 :]
