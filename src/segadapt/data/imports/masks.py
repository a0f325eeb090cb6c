"""Mask files of annotation tools."""

from pathlib import Path
from typing import Final

import numpy as np
from jaxtyping import Bool, UInt8

from segadapt.data.files.decode import check_limit
from segadapt.data.files.image_headers import read_size
from segadapt.data.files.label_files import label_in
from segadapt.data.files.label_values import LabelForm
from segadapt.text.regular_files import read_regular

COLORS: Final = LabelForm(numbers=False, colors=True)
ANYTHING: Final = LabelForm(numbers=True, colors=True)


def read_colors(file: Path, max_pixels: int) -> UInt8[np.ndarray, "_ _ 3"]:
    """Red, green and blue of a mask, whether it is stored as colours or with a palette.

    Raises:
        ValueError: If the file is missing, damaged, not a PNG, or too large.
    """
    data = read_regular(file)
    if file.suffix.lower() != ".png":
        raise ValueError(f"{file} is not a PNG; colours of other formats are not exact")
    check_limit(read_size(data, str(file)), file, max_pixels, "max_pixels")
    return label_in(data, file, max_pixels, COLORS).values


def read_bitmap(data: bytes, name: str, max_pixels: int) -> Bool[np.ndarray, "_ _"]:
    """The pixels of a mask that are not black.

    Args:
        data: The file.
        name: What errors call it.
        max_pixels: Larger ones are refused.

    Raises:
        ValueError: If it is damaged, too large, or of a format that changes values.
    """
    check_limit(read_size(data, name), Path(name), max_pixels, "max_pixels")
    values = label_in(data, Path(name), max_pixels, ANYTHING).values
    return np.asarray(values > 0 if values.ndim == 2 else (values > 0).any(axis=-1))
