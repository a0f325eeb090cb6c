"""Labels in PNG, TIFF, BMP and JPEG files."""

from pathlib import Path
from typing import Final

import numpy as np
from jaxtyping import UInt, UInt8

from segadapt.data.files import png, rasters, tiff_header
from segadapt.data.files.decode import check_limit
from segadapt.data.files.image_headers import read_size
from segadapt.data.files.label_values import LabelForm
from segadapt.data.files.opencv import UNCHANGED, decode

Raw = UInt[np.ndarray, "H W"] | UInt8[np.ndarray, "H W 3"]

LOSSY: Final = (6, 7, 50_001)
"""Compressions of TIFF that change values: JPEG under two numbers, and WebP."""


def read_png(data: bytes, file: Path, max_pixels: int, form: LabelForm) -> Raw:
    """The numbers of a grey or palette PNG of 1 to 16 bits, or the colours of any.

    Raises:
        ValueError: If it is damaged, or holds what it may not.
    """
    parsed = png.parse(data, str(file))
    size = (parsed.height, parsed.width)
    check_limit(size, file, max_pixels)
    png.check_kind(parsed.colour, str(file), form.colors)
    if parsed.colour not in (png.GREY, png.PALETTE):
        return form.of_colors(decode(png.only_pixels(parsed), UNCHANGED, size, file), file)
    numbers = decode(png.as_grey(parsed), UNCHANGED, size, file)
    white = 2 ** min(parsed.depth, 16) - 1
    if parsed.depth < 8:  # the decoder stretches fewer bits to 0..255
        numbers = numbers // (255 // white)
    if parsed.colour == png.PALETTE:
        return form.of_indices(numbers, png.palette(parsed), file)
    return form.of_grey(numbers, file, white)


def read_tiff(data: bytes, file: Path, max_pixels: int, form: LabelForm) -> Raw:
    """The numbers of a grey or palette TIFF of 8 or 16 bits, or the colours of any.

    Raises:
        ValueError: If it is damaged, or holds what it may not.
    """
    header = tiff_header.read_header(data, str(file))
    if header.bits not in (8, 16) or header.sample_format != 1:
        raise ValueError(
            f"label {file} is a TIFF of {header.bits} bits and sample format "
            f"{header.sample_format}; save it with unsigned whole numbers of 8 or 16 bits"
        )
    if header.compression in LOSSY:
        raise ValueError(
            f"label {file} is a TIFF of compression {header.compression}, which changes the values "
            "near borders; save it without loss (LZW or deflate)"
        )
    check_limit((header.height, header.width), file, max_pixels)
    grey = tiff_header.as_grey(data, header) if header.samples == 1 else data
    values = rasters.read_tiff(grey, file)
    if header.samples != 1:
        if values.shape[2] == 4 and (values[..., 3] < np.iinfo(values.dtype).max).any():
            raise ValueError(  # whether their colours are multiplied by their opacity is not known
                f"label {file} is a TIFF with transparent pixels, whose colours are not kept; "
                "export it as RGB, or as PNG"
            )
        return form.checked_colors(values, file)
    numbers = values[..., 0]
    if header.photometric == tiff_header.PALETTE:
        levels = np.array(header.color_map, dtype=np.int64).reshape(3, -1).T >> 8
        return form.of_indices(numbers, levels.astype(np.uint8), file)
    return form.of_grey(numbers, file, 2**header.bits - 1)


def read_bmp(data: bytes, file: Path, max_pixels: int, form: LabelForm) -> Raw:
    """The indices of a BMP with a palette, or the colours of any.

    Raises:
        ValueError: If it is damaged, or holds what it may not.
    """
    size = read_size(data, str(file))
    check_limit(size, file, max_pixels)
    bits = int.from_bytes(data[28:30], "little")
    compressed = int.from_bytes(data[30:34], "little")
    if bits in (24, 32):
        return form.of_colors(decode(data, UNCHANGED, size, file), file)
    header = int.from_bytes(data[14:18], "little")
    if bits not in (1, 4, 8) or compressed or header < 40:
        raise ValueError(
            f"label {file} is a BMP of {bits} bits, compression {compressed}; save it as PNG, or "
            "uncompressed with 8 or 24 bits"
        )
    colors = int.from_bytes(data[46:50], "little") or 2**bits
    table = np.frombuffer(data[14 + header : 14 + header + 4 * colors], dtype=np.uint8)
    palette = table[: len(table) // 4 * 4].reshape(-1, 4)[:, 2::-1]
    return form.of_indices(_bmp_indices(data, file, size, bits), palette, file)


def _bmp_indices(
    data: bytes, file: Path, size: tuple[int, int], bits: int
) -> UInt8[np.ndarray, "H W"]:
    """Rows of packed indices, each padded to 4 bytes, the lowest first unless the height is < 0."""
    height, width = size
    row = -(-width * bits // 32) * 4
    start = int.from_bytes(data[10:14], "little")
    pixels = np.frombuffer(data, dtype=np.uint8)[start : start + row * height]
    if len(pixels) < row * height:
        raise ValueError(f"{file} is truncated at byte {len(data)}; download or export it again")
    rows = pixels.reshape(height, row)
    if bits < 8:
        digits = np.unpackbits(rows, axis=1).reshape(height, -1, bits)
        rows = digits @ (1 << np.arange(bits - 1, -1, -1)).astype(np.uint8)
    downwards = int.from_bytes(data[22:26], "little", signed=True) < 0
    return np.ascontiguousarray((rows if downwards else rows[::-1])[:, :width])


def read_jpeg(data: bytes, file: Path, max_pixels: int, form: LabelForm) -> Raw:
    """The values of a JPEG, as far as its compression preserved them.

    Raises:
        ValueError: If it is damaged, or holds values that are not allowed.
    """
    size = read_size(data, str(file))
    check_limit(size, file, max_pixels)
    pixels = decode(data, UNCHANGED, size, file)
    return form.of_grey(pixels, file) if pixels.ndim == 2 else form.of_colors(pixels, file)
