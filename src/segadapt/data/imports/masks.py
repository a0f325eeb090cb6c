"""Mask files as colours."""

from pathlib import Path

import cv2
import numpy as np
from jaxtyping import UInt8

from segadapt.data.files.decode import check_limit
from segadapt.data.files.image_headers import read_size
from segadapt.files import read_regular


def read_colors(file: Path, max_pixels: int) -> UInt8[np.ndarray, "_ _ 3"]:
    """Red, green and blue of a mask, whether it is stored as colours or with a palette.

    Raises:
        ValueError: If the file is missing, damaged, not a PNG, or too large.
    """
    data = read_regular(file)
    if file.suffix.lower() != ".png":
        raise ValueError(f"{file} is not a PNG; colours of other formats are not exact")
    check_limit(read_size(data, str(file)), file, max_pixels, "max_pixels")
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    if pixels is None:
        raise ValueError(f"{file} cannot be decoded; download or export it again")
    return pixels[..., ::-1]
