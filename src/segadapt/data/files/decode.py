"""Image files to arrays, checked before and after decoding.

OpenCV decodes: torchvision's decoder crashes on damaged PNGs and Pillow returns wrong labels
from them without a word. Everything else here is about what OpenCV does not say.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

import cv2
import numpy as np
from jaxtyping import UInt8

from segadapt.data.files.image_format import PLAIN, ImageFormat, Pixels
from segadapt.data.files.image_headers import JPEG, Size, bit_depth, read_size
from segadapt.data.files.opencv import decode
from segadapt.data.files.orientation import check_upright, orientation, turned
from segadapt.data.files.rasters import (
    Values,
    decoded,
    is_tiff,
    read_npy,
    read_tiff,
    stored_channels,
)
from segadapt.text.regular_files import read_regular

MAX_PIXELS: Final = 64_000_000
"""Larger images are refused unread: a file of some kilobytes can unpack to gigabytes."""

REDUCTIONS: Final = {1: 0, 2: 16, 4: 32, 8: 64}
"""Factors by which a JPEG decoder can reduce both sides, with the flags of OpenCV."""

Image = UInt8[np.ndarray, "_ _ 3"]


class Limit(NamedTuple):
    """Largest size of an image."""

    pixels: int
    key: str = "data.max_pixels"
    """Key that raises the limit."""


def whole(size: Size) -> int:
    """Reduction factor 1 for any size."""
    return 1


def read_image(
    file: Path,
    max_pixels: int = MAX_PIXELS,
    upright: bool = False,
    reduction: Callable[[Size], int] = whole,
    form: ImageFormat = PLAIN,
) -> Pixels:
    """An image, as 8-bit RGB unless its data set has others: grey is repeated, alpha dropped.

    An orientation in EXIF is never applied: labels have none. A JPEG in CMYK becomes RGB as
    OpenCV converts it: each colour times black, without a colour profile.

    Args:
        file: A JPEG, PNG, BMP, WebP, TIFF or NPY.
        max_pixels: Larger images are refused.
        upright: Whether an image whose EXIF turns it is refused, because nobody knows whether its
            label was drawn on the pixels as stored or as shown.
        reduction: Of height and width, which of ``REDUCTIONS`` a JPEG is decoded at: a fraction of
            the work, and every pixel is about the mean of a square. Other files are not reduced.
        form: Channels and depth of the data set's images.

    Raises:
        ValueError: If the file is missing, too large, truncated, damaged, of unknown format, of
            another depth or number of channels, or turned where it must be upright.
    """
    data = read_regular(file)
    if upright:
        check_upright(data, str(file))
    return _decoded_image(data, file, Limit(max_pixels), reduction, form)


def _decoded_image(
    data: bytes, file: Path, limit: Limit, reduction: Callable[[Size], int], form: ImageFormat
) -> Pixels:
    """The pixels of a file as stored."""
    size = read_size(data, str(file))
    check_limit(size, file, *limit)
    channels = stored_channels(data, str(file))
    if channels is not None or not form.is_plain:
        return form.pixels(_values(data, channels, size, file, form), file)
    flags = cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION | cv2.IMREAD_ANYDEPTH
    divisor, depth = 1, bit_depth(data)
    if data.startswith(JPEG):
        if depth > 8:
            raise ValueError(f"{file} is a JPEG of {depth} bits per channel; convert it to 8 bits")
        divisor = reduction(size)
    pixels = decode(data, flags | REDUCTIONS[divisor], reduced(size, divisor), file)
    return form.pixels(pixels, file)


def _values(data: bytes, channels: int | None, size: Size, file: Path, form: ImageFormat) -> Values:
    """The values in a file that is not an 8-bit photograph.

    Args:
        data: The file.
        channels: How many a TIFF or NPY file declares; None for other files.
        size: Its height and width.
        file: What errors call it.
        form: What the data set's images are.
    """
    if channels is None:
        return decoded(data, size, file)
    if channels != form.channels and not (form.channels == 3 and channels <= 4):
        raise ValueError(
            f"{file} has {channels} channels and data.channels={form.channels}; set "
            f"data.channels={channels}, or convert it"
        )
    return read_tiff(data, file) if is_tiff(data) else read_npy(data, file)


def read_values(file: Path, max_pixels: int, form: ImageFormat) -> Values:
    """The stored values of an image, in the data set's channels.

    Args:
        file: An image.
        max_pixels: Larger images are refused.
        form: Channels and depth; the range is not looked at.

    Raises:
        ValueError: As :func:`read_image`.
    """
    data = read_regular(file)
    size = read_size(data, str(file))
    check_limit(size, file, max_pixels)
    values = _values(data, stored_channels(data, str(file)), size, file, form)
    return form.checked(values, file)


def reduced(size: tuple[int, ...], divisor: int) -> Size:
    """Height and width of an image whose sides were divided while it was decoded: rounded up."""
    height, width = (-(-side // divisor) for side in size)
    return height, width


def read_photograph(file: Path, max_pixels: int = MAX_PIXELS, form: ImageFormat = PLAIN) -> Pixels:
    """An image as viewers show it: as :func:`read_image`, rotated by its EXIF tag.

    Raises:
        ValueError: As above.
    """
    return decode_photograph(read_regular(file), file, max_pixels, form)


def decode_photograph(
    data: bytes, file: Path, max_pixels: int = MAX_PIXELS, form: ImageFormat = PLAIN
) -> Pixels:
    """The image in the bytes of a file, as :func:`read_photograph` reads it.

    Args:
        data: All bytes of the file.
        file: What errors call it.
        max_pixels: Larger images are refused.
        form: What the image becomes.

    Raises:
        ValueError: As above.
    """
    limit = Limit(max_pixels, "max_pixels")
    return turned(_decoded_image(data, file, limit, whole, form), orientation(data))


def check_limit(size: Size, file: Path, max_pixels: int, key: str = "data.max_pixels") -> None:
    """Check that an image may be decoded.

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
        raise ValueError(f"{file} has {height} x {width} pixels; download or export it again")
    if height * width > max_pixels:
        by_windows = key == Limit(0).key and file.suffix.lower() in (".tif", ".tiff")
        other = ", or set data.windows=1024 to read TIFFs by windows" if by_windows else ""
        raise ValueError(
            f"{file} has {height} x {width} pixels, more than {key}={max_pixels}; "
            f"raise it if you trust the file{other}"
        )
