"""Reading label files of any lossless format as numbers or colours.

OpenCV decodes, as for images (``decode.py``); the pixels of palettes are declared grey before, so
that they come out as the numbers that they are.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from jaxtyping import UInt, UInt8

from segadapt.data.files import label_rasters, matlab, npy, png, tiff_header
from segadapt.data.files.decode import MAX_PIXELS, check_limit
from segadapt.data.files.image_headers import JPEG, Head, Size, read_size
from segadapt.data.files.label_values import LabelForm, narrowed
from segadapt.text.regular_files import read_regular

BMP: Final = b"BM"

MATRICES: Final = ("S", "LabelMap")
"""Names of the label maps of COCO-Stuff 10K and PASCAL-Context in MATLAB files."""

Raw = UInt[np.ndarray, "H W"] | UInt8[np.ndarray, "H W 3"]
"""Numbers, or colours (RGB)."""

NUMBERS: Final = LabelForm()


class LabelFile(NamedTuple):
    """Content of a label file, and whether its compression has changed it."""

    values: Raw
    lossy: bool = False


def read_label(file: Path, max_pixels: int = MAX_PIXELS, form: LabelForm = NUMBERS) -> Raw:
    """The numbers or colours of a label file: see :func:`read_label_file`."""
    return read_label_file(file, max_pixels, form).values


def read_label_file(
    file: Path, max_pixels: int = MAX_PIXELS, form: LabelForm = NUMBERS
) -> LabelFile:
    """The numbers or colours of a label file.

    Args:
        file: A PNG, TIFF, BMP or NPY file, a MATLAB file of COCO-Stuff 10K or PASCAL-Context, or a
            JPEG where that is accepted.
        max_pixels: Larger ones are refused.
        form: What it may hold.

    Raises:
        ValueError: If it cannot be read, is damaged, or holds what it may not.
    """
    return label_in(read_regular(file), file, max_pixels, form)


def label_in(data: bytes, file: Path, max_pixels: int, form: LabelForm = NUMBERS) -> LabelFile:
    """The numbers or colours of a label file that has been read: see :func:`read_label_file`."""
    for signature, reader in READERS.items():
        if data.startswith(signature):
            _check_lossless(signature, file, form)
            return LabelFile(reader(data, file, max_pixels, form), lossy=signature == JPEG)
    raise _unknown(data, file)


def label_size(file: Path, form: LabelForm = NUMBERS) -> Size | None:
    """Height and width of a label from its header; None for a MATLAB file, which has none.

    Raises:
        ValueError: If the header cannot be read, or labels of this kind are not accepted.
    """
    head = Head(file)
    if head.data.startswith(matlab.SIGNATURE):
        return None
    signature = next((one for one in READERS if head.data.startswith(one)), None)
    if signature is None:
        raise _unknown(head.whole(), file)
    _check_lossless(signature, file, form)
    if signature == png.SIGNATURE and len(head.data) >= 26:
        png.check_kind(head.data[25], str(file), form.colors)
        return head.size()
    return _size(head.whole(), file)


def _size(data: bytes, file: Path) -> Size:
    if data.startswith(tiff_header.SIGNATURES):
        header = tiff_header.read_header(data, str(file))
        return header.height, header.width
    if data.startswith(npy.SIGNATURE):
        return _npy_size(data, file)
    return read_size(data, str(file))


def _check_lossless(signature: bytes, file: Path, form: LabelForm) -> None:
    if signature == JPEG and not form.lossy:
        raise ValueError(
            f"label {file} is not a PNG but a JPEG, whose compression changes the values near "
            "borders; export the labels as PNG, which is lossless, or set "
            "data.lossy_labels=nearest to take each value for the nearest one of the label table"
        )


def _unknown(data: bytes, file: Path) -> ValueError:
    read_size(data, str(file))  # an empty or unknown file gets its own sentence
    return ValueError(
        f"label {file} is not a PNG; labels must be PNG, TIFF, BMP or NPY files, which are lossless"
    )


def _matlab(data: bytes, file: Path, max_pixels: int, form: LabelForm) -> Raw:
    return narrowed(matlab.read_matrix(data, MATRICES, max_pixels, str(file)), file)


def _npy_size(data: bytes, file: Path) -> Size:
    """Height and width of a label map or of an array of colours."""
    header = npy.read_header(data, str(file))
    shape, dtype = header.shape, header.dtype
    colored = len(shape) == 3 and shape[2] in (3, 4) and dtype == np.uint8
    if dtype.kind not in "bui" or min(shape, default=0) < 0 or not (len(shape) == 2 or colored):
        raise ValueError(
            f"label {file} holds an array of {dtype} and shape {shape}; save whole numbers, rows x "
            "columns, or colours of uint8, rows x columns x 3"
        )
    return shape[0], shape[1]


def _npy(data: bytes, file: Path, max_pixels: int, form: LabelForm) -> Raw:
    check_limit(_npy_size(data, file), file, max_pixels)
    array = npy.read_array(data, str(file))
    return form.checked_colors(array, file) if array.ndim == 3 else form.of_grey(array, file)


Reader = Callable[[bytes, Path, int, LabelForm], Raw]

READERS: Final[dict[bytes, Reader]] = {
    png.SIGNATURE: label_rasters.read_png,
    matlab.SIGNATURE: _matlab,
    npy.SIGNATURE: _npy,
    BMP: label_rasters.read_bmp,
    JPEG: label_rasters.read_jpeg,
    **dict.fromkeys(tiff_header.SIGNATURES, label_rasters.read_tiff),
}
"""Readers by how files begin."""
