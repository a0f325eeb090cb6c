"""Photographs that a browser sends: read in memory, within limits, and never written."""

import base64
import binascii
from pathlib import Path
from typing import Final, NamedTuple

from segadapt.data.files.decode import decode_photograph
from segadapt.deployment.inputs.images import Photograph

NAME: Final = 80
"""Largest number of characters kept from a file's name."""


class Limits(NamedTuple):
    """Limits of a photograph.

    Args:
        pixels: Largest number of pixels of the image.
        bytes: Largest number of bytes of the file.
    """

    pixels: int
    bytes: int


def read_upload(name: str, content: str, limits: Limits) -> Photograph:
    """The photograph in a file that a browser sent.

    Args:
        name: Name of the file in the browser.
        content: Bytes of the file in base64.
        limits: Limits of uploads.

    Raises:
        ValueError: If it is too large, or not an image that can be read.
    """
    shown = Path(name).name[-NAME:] or "the file"
    check_bytes(len(content) * 3 // 4 - content[-2:].count("="), shown, limits)
    try:
        data = base64.b64decode(content, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError(f"{shown} arrived damaged ({error}); try again") from error
    if not data:
        raise ValueError(f"{shown} is empty; choose another file")
    return Photograph(decode_photograph(data, Path(shown), limits.pixels), shown)


def check_bytes(size: int, name: str, limits: Limits) -> None:
    """Whether a file is small enough.

    Args:
        size: Number of its bytes.
        name: Its name in errors.
        limits: Limits of uploads.

    Raises:
        ValueError: If it is not.
    """
    if size > limits.bytes:
        raise ValueError(
            f"{name} has {size} bytes, more than max_bytes={limits.bytes}; choose a smaller file"
        )
