"""Decoding with OpenCV, with checks of errors that it does not report."""

from pathlib import Path
from typing import Final

import cv2
import numpy as np
from jaxtyping import Shaped

Size = tuple[int, int]
"""Height and width, pixels."""

UNCHANGED: Final = cv2.IMREAD_UNCHANGED | cv2.IMREAD_IGNORE_ORIENTATION


def decode(data: bytes, flags: int, size: Size, file: Path) -> Shaped[np.ndarray, "H W *c"]:
    """The array that OpenCV decodes from a file, whose size must match its header.

    Args:
        data: The file.
        flags: Of ``cv2.imdecode``.
        size: Height and width that its header promises.
        file: What errors call it.

    Raises:
        ValueError: If it cannot be decoded.
    """
    try:
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    except cv2.error as error:  # its own limits of size, or no memory
        raise ValueError(
            f"{file} cannot be decoded by OpenCV at {size[0]} x {size[1]} pixels: "
            f"{' '.join(error.err.split())}"
        ) from error
    if pixels is None or pixels.shape[:2] != size:
        raise ValueError(f"{file} is damaged and cannot be decoded; download or export it again")
    return pixels
