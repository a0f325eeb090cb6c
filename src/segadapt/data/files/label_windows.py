"""Windows of labels in TIFFs that may be larger than memory."""

from pathlib import Path

import numpy as np
from jaxtyping import Shaped

from segadapt.data.files.boxes import Box
from segadapt.data.files.label_rasters import LOSSY, Raw
from segadapt.data.files.label_values import LabelForm
from segadapt.data.files.raster_windows import Window, raster
from segadapt.data.files.tiff_header import PALETTE


def read_label_window(file: Path, box: Box) -> Window:
    """A window of a label as stored.

    Raises:
        ValueError: If it is damaged, or compressed with loss.
    """
    opened = raster(file)
    if opened.header.compression in LOSSY:
        raise ValueError(
            f"label {file} is a TIFF of compression {opened.header.compression}, "
            "which changes the values near borders; save it without loss (LZW or deflate)"
        )
    return opened.read(box)


def label_values(values: Shaped[np.ndarray, "_ _ _"], file: Path, form: LabelForm) -> Raw:
    """The numbers or colours that stored values mean.

    Args:
        values: Some pixels of a label: rows x columns x bands.
        file: The label.
        form: What it may hold.

    Raises:
        ValueError: If it holds what it may not.
    """
    if values.shape[2] != 1:
        return form.checked_colors(values, file)
    header = raster(file).header
    if header.photometric == PALETTE:
        levels = np.array(header.color_map, dtype=np.int64).reshape(3, -1).T >> 8
        return form.of_indices(values[..., 0], levels.astype(np.uint8), file)
    return form.of_grey(values[..., 0], file, 2**header.bits - 1)
