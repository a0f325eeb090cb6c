"""Labels beside images to predict, from files or arrays."""

from os import PathLike
from pathlib import Path
from typing import TypeAlias

import numpy as np
from jaxtyping import UInt8
from torch import Tensor

from segadapt.data.files.decode import read_label
from segadapt.data.labels import LabelContract
from segadapt.deployment.images import MAX_PIXELS, Photograph
from segadapt.files import expanded
from segadapt.structures import IGNORE

LabelSource: TypeAlias = str | PathLike[str] | np.ndarray | Tensor
"""A label file with the data set's own numbers, or an array of classes 0 ... K-1 and 255."""


def read_mask(
    source: LabelSource,
    contract: LabelContract,
    photograph: Photograph,
    max_pixels: int = MAX_PIXELS,
) -> UInt8[np.ndarray, "H W"]:
    """The classes of an image; 255 is ignored.

    Args:
        source: Where they are.
        contract: What the numbers in label files mean.
        photograph: Their image.
        max_pixels: Larger ones are refused.

    Raises:
        ValueError: If they cannot be read, hold anything else, or have another size.
    """
    if isinstance(source, str | PathLike):
        file = expanded(Path(source))
        mask, name = contract(read_label(file, max_pixels), file), str(file)
    else:
        mask, name = _from_array(np.asarray(source), contract.num_classes), "array"
    if mask.shape != photograph.pixels.shape[:2]:
        raise ValueError(
            f"{photograph.name} has {_size(photograph.pixels)} pixels as it is shown, but its "
            f"label ({name}) has {_size(mask)}; both must have the same size"
        )
    return mask


def _from_array(array: np.ndarray, classes: int) -> UInt8[np.ndarray, "H W"]:
    if array.ndim != 2 or not np.issubdtype(array.dtype, np.integer):
        raise ValueError(
            f"labels of {array.dtype} and shape {array.shape} are not a label map; give integers, "
            "rows x columns"
        )
    wrong = array[(array != IGNORE) & ((array < 0) | (array >= classes))]
    if wrong.size:
        raise ValueError(
            f"the labels hold {wrong[0]}, which is neither a class (0..{classes - 1}) nor ignored "
            f"({IGNORE})"
        )
    return array.astype(np.uint8)


def _size(array: np.ndarray) -> str:
    return f"{array.shape[0]} x {array.shape[1]}"
