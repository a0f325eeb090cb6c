"""Images with any number of channels and any depth: TIFF, NPY, and PNGs other than 8-bit RGB.

Each TIFF goes to a library that gives what is in the file, and an error where the file is damaged.
OpenCV mixes up planes that are stored one by one, multiplies 8-bit colours by a fourth channel, and
returns damaged 8-bit files, and those of an unknown compression, without an error; Pillow has no
colours of 16 bits. What neither can is for tifffile, which comes with the extra ``geo``.
"""

import io
import math
from pathlib import Path
from typing import Any, Final

import numpy as np
from jaxtyping import Num
from PIL import Image

from segadapt.data.files import npy, tiff_header
from segadapt.data.files.opencv import UNCHANGED, Size, decode
from segadapt.data.files.tiff_header import GREY, RGB, TiffHeader

Values = Num[np.ndarray, "_ _ _"]
"""Rows x columns x channels, colours as red, green, blue."""

PHOTOMETRIC: Final = (GREY, RGB, 6)
"""Interpretations whose samples are the image's; 6 is JPEG's luminance and colour."""

CHECKED: Final = (1, 5, 8, 32_946, 32_773)
"""Compressions whose damage is noticed as far as they show it: none, LZW, deflate under two numbers
(which has a checksum) and PackBits."""

PILLOW_PIXELS: Final = 80_000_000
"""Limit of pixels above which Pillow warns and then refuses, regardless of our limit."""

KINDS: Final = {1: "u", 2: "i", 3: "f"}
"""numpy's letters of TIFF's sample formats."""


def is_tiff(data: bytes) -> bool:
    """Whether a file begins as TIFF or BigTIFF does."""
    return data.startswith(tiff_header.SIGNATURES)


def decoded(data: bytes, size: Size, file: Path) -> Values:
    """The array that OpenCV decodes from a file, with colours in the order RGB.

    Args:
        data: The file.
        size: Height and width that its header promises.
        file: What errors call it.

    Raises:
        ValueError: If it cannot be decoded.
    """
    planes = decode(data, UNCHANGED, size, file).reshape(*size, -1)
    order = {3: [2, 1, 0], 4: [2, 1, 0, 3]}.get(planes.shape[2])
    return planes if order is None else np.ascontiguousarray(planes[..., order])


def read_tiff(data: bytes, file: Path) -> Values:
    """The first image of a TIFF file, whose size was found to be allowed.

    Raises:
        ValueError: If it cannot be decoded, or needs a library that is not installed.
    """
    header = tiff_header.read_header(data, str(file))
    if header.orientation != 1:
        raise ValueError(
            f"{file} is a TIFF that is turned when it is shown (orientation {header.orientation}); "
            "store its pixels upright"
        )
    if header.photometric not in PHOTOMETRIC:
        raise ValueError(
            f"{file} is a TIFF of photometric interpretation {header.photometric} (white is zero, "
            "a palette, CMYK or another); convert it to grey or RGB"
        )
    tiff_header.check_checksums(data, header, str(file))
    if header.compression in CHECKED and header.photometric in (GREY, RGB):
        kind = (KINDS.get(header.sample_format), header.bits)
        small = header.height * header.width <= PILLOW_PIXELS
        if kind == ("u", 8) and header.samples in (1, 3, 4) and small:
            return _by_pillow(data, header, file)
        if kind in (("u", 16), ("f", 32)) and header.samples in (1, 3, 4) and header.planes == 1:
            return decoded(data, (header.height, header.width), file)
    return _by_tifffile(data, header, file)


def read_npy(data: bytes, file: Path) -> Values:
    """The array of an NPY file, whose size was found to be allowed.

    Raises:
        ValueError: If it is truncated.
    """
    array = npy.read_array(data, str(file))
    return array.reshape(*array.shape[:2], -1)


def npy_shape(data: bytes, file: str) -> tuple[int, ...]:
    """Rows, columns and, if there are several, channels.

    Raises:
        ValueError: If the file is damaged, or its array is not an image.
    """
    header = npy.read_header(data, file)
    if header.dtype.kind not in "uif" or len(header.shape) not in (2, 3) or min(header.shape) < 0:
        raise ValueError(
            f"{file} holds an array of {header.dtype} and shape {header.shape}; save numbers, rows "
            "x columns x channels"
        )
    return header.shape


def tiff_size(data: bytes, file: str) -> Size:
    """Height and width of a TIFF."""
    header = tiff_header.read_header(data, file)
    return header.height, header.width


def npy_size(data: bytes, file: str) -> Size:
    """Height and width of an NPY file."""
    shape = npy_shape(data, file)
    return shape[0], shape[1]


def stored_channels(data: bytes, file: str) -> int | None:
    """Channels that a TIFF or NPY file declares; None for other files, which have at most 4."""
    if is_tiff(data):
        return tiff_header.read_header(data, file).samples
    if data.startswith(npy.SIGNATURE):
        shape = npy_shape(data, file)
        return shape[2] if len(shape) == 3 else 1
    return None


def _by_pillow(data: bytes, header: TiffHeader, file: Path) -> Values:
    try:
        with Image.open(io.BytesIO(data), formats=["TIFF"]) as opened:
            values = np.array(opened)
    except (OSError, ValueError, SyntaxError, TypeError) as error:
        raise ValueError(f"{file} is damaged and cannot be decoded ({error})") from error
    shape = (header.height, header.width, header.samples)
    if values.dtype != np.uint8 or values.size != math.prod(shape):
        raise ValueError(f"{file} cannot be decoded: Pillow takes it for {values.shape}")
    return values.reshape(shape)


def _by_tifffile(data: bytes, header: TiffHeader, file: Path) -> Values:
    try:
        import tifffile
    except ImportError:
        raise ValueError(
            f"{file} is a TIFF that needs tifffile ({header.samples} samples of {header.bits} "
            f"bits, compression {header.compression}); install it with: pip install "
            "'segadapt[geo]'"
        ) from None
    try:
        with tifffile.TiffFile(io.BytesIO(data)) as opened:
            page: Any = opened.pages[0]
            values = page.asarray()
            axes = page.axes
    except (ValueError, KeyError, IndexError, RuntimeError, tifffile.TiffFileError) as error:
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise ValueError(f"{file} cannot be decoded by tifffile: {reason}") from error
    if axes == "SYX":
        values = np.moveaxis(values, 0, -1)
    if axes not in ("YX", "YXS", "SYX") or values.shape[:2] != (header.height, header.width):
        raise ValueError(f"{file} has axes {axes}; images are rows x columns x channels")
    return np.ascontiguousarray(values.reshape(header.height, header.width, -1))
