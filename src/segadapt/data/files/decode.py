"""Image and label files to arrays, checked before and after decoding.

OpenCV decodes: torchvision's decoder crashes on damaged PNGs and Pillow returns wrong labels
from them without a word. Everything else here is about what OpenCV does not say.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

import cv2
import numpy as np
from jaxtyping import UInt8

from segadapt.data.files import matlab, png
from segadapt.data.files.image_headers import JPEG, Size, bit_depth, read_size
from segadapt.data.files.orientation import check_upright, orientation, turned
from segadapt.files import read_regular

MAX_PIXELS: Final = 64_000_000
"""Larger images are refused unread: a file of some kilobytes can unpack to gigabytes."""

REDUCTIONS: Final = {1: 0, 2: 16, 4: 32, 8: 64}
"""What a JPEG decoder can divide both sides by, with the bits by which OpenCV is asked for it."""

Image = UInt8[np.ndarray, "_ _ 3"]
Label = UInt8[np.ndarray, "_ _"]


class Limit(NamedTuple):
    """What an image may have at most."""

    pixels: int
    key: str = "data.max_pixels"
    """What raises it."""


def whole(size: Size) -> int:
    """No reduction, whatever the size."""
    return 1


def read_image(
    file: Path,
    max_pixels: int = MAX_PIXELS,
    upright: bool = False,
    reduction: Callable[[Size], int] = whole,
) -> Image:
    """An image as 8-bit RGB: grey is repeated, alpha dropped.

    An orientation in EXIF is never applied: labels have none.

    Args:
        file: A JPEG, PNG, BMP or WebP.
        max_pixels: Larger images are refused.
        upright: Whether an image whose EXIF turns it is refused, because nobody knows whether its
            label was drawn on the pixels as stored or as shown.
        reduction: Of height and width, which of ``REDUCTIONS`` a JPEG is decoded at: a fraction of
            the work, and every pixel is about the mean of a square. Other files are not reduced.

    Raises:
        ValueError: If the file is missing, too large, truncated, damaged, of unknown format, of
            more than 8 bits, or turned where it must be upright.
    """
    data = read_regular(file)
    if upright:
        check_upright(data, str(file))
    return _decoded_image(data, file, Limit(max_pixels), reduction)


def _decoded_image(
    data: bytes, file: Path, limit: Limit, reduction: Callable[[Size], int]
) -> Image:
    """The pixels of a file as they are stored."""
    size = read_size(data, str(file))
    check_limit(size, file, *limit)
    flags = cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION | cv2.IMREAD_ANYDEPTH
    divisor, depth = 1, bit_depth(data)
    if data.startswith(JPEG):
        if depth > 8:
            raise ValueError(f"{file} is a JPEG of {depth} bits per channel; convert it to 8 bits")
        divisor = reduction(size)
    pixels = _decode(data, flags | REDUCTIONS[divisor], reduced(size, divisor), file)
    return _eight_bits(pixels, depth, file)


def _eight_bits(pixels: np.ndarray, depth: int, file: Path) -> Image:
    """Channels of 16 bits as 8, if they hold no more: all else would lose levels, or all of them.

    White is 255 and 65,535, so 8 bits are in the file as both halves of 16; the largest value of
    12 bits would become 15.
    """
    if pixels.dtype == np.uint8:
        return pixels
    narrow = (pixels >> 8).astype(np.uint8)
    if not np.array_equal(narrow * np.uint16(257), pixels):
        raise ValueError(
            f"{file} has {depth} bits per channel (values {pixels.min()} to {pixels.max()}), and "
            "images are read with 8; convert it, scaled by the range of the camera (12 bits: "
            "divide by 16)"
        )
    return narrow


def reduced(size: tuple[int, ...], divisor: int) -> Size:
    """Height and width of an image whose sides were divided while it was decoded: rounded up."""
    height, width = (-(-side // divisor) for side in size)
    return height, width


def read_photograph(file: Path, max_pixels: int = MAX_PIXELS) -> Image:
    """An image as viewers show it: as :func:`read_image`, and turned where EXIF says so.

    Raises:
        ValueError: As above.
    """
    data = read_regular(file)
    limit = Limit(max_pixels, "max_pixels")
    return turned(_decoded_image(data, file, limit, whole), orientation(data))


def read_label(file: Path, max_pixels: int = MAX_PIXELS) -> Label:
    """The numbers that a grey or palette PNG holds: 1 to 16 bits, indices never colours.

    A MATLAB file of COCO-Stuff 10K is read as well; its label map is called S.

    Raises:
        ValueError: As above, or if the PNG has colours, or numbers above 255.
    """
    data = read_regular(file)
    if data.startswith(matlab.SIGNATURE):
        return _narrowed(matlab.read_matrix(data, "S", max_pixels, str(file)), file)
    if not data.startswith(png.SIGNATURE):
        read_size(data, str(file))  # an empty or unknown file gets its own sentence
        raise ValueError(f"label {file} is not a PNG; labels must be PNGs, which are lossless")
    return _read_png(data, file, max_pixels)


def _read_png(data: bytes, file: Path, max_pixels: int) -> Label:
    parsed = png.parse(data, str(file))
    check_limit((parsed.height, parsed.width), file, max_pixels)
    png.check_indexed(parsed.colour, str(file))
    size = (parsed.height, parsed.width)
    numbers = _decode(png.as_grey(parsed), cv2.IMREAD_UNCHANGED, size, file)
    if parsed.depth < 8:  # the decoder stretches fewer bits to 0..255
        return numbers // (255 // (2**parsed.depth - 1))
    return _narrowed(numbers, file)


def _narrowed(numbers: np.ndarray, file: Path) -> Label:
    """Whole numbers 0 ... 255 in as many bytes."""
    if numbers.dtype == np.uint8:
        return numbers
    with np.errstate(invalid="ignore"):  # NaN is not a whole number either
        narrow = numbers.astype(np.uint8)
    if not np.array_equal(narrow, numbers):
        wrong = numbers[narrow != numbers]
        raise ValueError(
            f"label {file} holds {wrong[0]} on {np.count_nonzero(wrong == wrong[0])} pixels; "
            "class numbers are whole and end at 255"
        )
    return narrow


def check_limit(size: Size, file: Path, max_pixels: int, key: str = "data.max_pixels") -> None:
    """Whether an image may be decoded.

    Args:
        size: Its height and width.
        file: Which file.
        max_pixels: Of how many pixels.
        key: What raises that.

    Raises:
        ValueError: If it has no pixel, or more than are allowed.
    """
    height, width = size
    if height * width == 0:
        raise ValueError(f"{file} has {height} x {width} pixels; fetch or export it again")
    if height * width > max_pixels:
        raise ValueError(
            f"{file} has {height} x {width} pixels, more than {key}={max_pixels}; "
            "raise it if you trust the file"
        )


def _decode(data: bytes, flags: int, size: Size, file: Path) -> np.ndarray:
    """What OpenCV makes of a file, which must have the size that its header promised."""
    try:
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    except cv2.error as error:  # its own limits of size, or no memory
        raise ValueError(
            f"{file} cannot be decoded by OpenCV at {size[0]} x {size[1]} pixels: "
            f"{' '.join(error.err.split())}"
        ) from error
    if pixels is None or pixels.shape[:2] != size:
        raise ValueError(f"{file} is damaged and cannot be decoded; fetch or export it again")
    return pixels
