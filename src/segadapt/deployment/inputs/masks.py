"""Labels for images to predict, from files or arrays."""

from os import PathLike
from pathlib import Path
from typing import TypeAlias

import numpy as np
from jaxtyping import UInt
from torch import Tensor

from segadapt.data.labels import LabelContract, label_type
from segadapt.deployment.inputs.images import MAX_PIXELS, Photograph
from segadapt.files import expanded

LabelSource: TypeAlias = str | PathLike[str] | np.ndarray | Tensor
"""A label file with the data set's own numbers, or an array of classes 0 ... K-1 and the ignored
label: 255, or 65,535 for more than 254 classes."""


def read_mask(
    source: LabelSource,
    contract: LabelContract,
    photograph: Photograph,
    max_pixels: int = MAX_PIXELS,
) -> UInt[np.ndarray, "H W"]:
    """The classes of an image; the largest number of the type is ignored.

    Args:
        source: File or array of the labels.
        contract: Meaning of the numbers in label files.
        photograph: Image of the labels.
        max_pixels: Larger ones are refused.

    Raises:
        ValueError: If they cannot be read, hold anything else, or have another size.
    """
    if isinstance(source, str | PathLike):
        file = expanded(Path(source))
        mask, name = contract(contract.read(file, max_pixels), file), str(file)
    else:
        array = np.asarray(source)
        mask, name = _from_array(array, contract.num_classes, contract.ignored_label), "array"
    if mask.shape != photograph.pixels.shape[:2]:
        raise ValueError(
            f"{photograph.name} has {_size(photograph.pixels)} pixels as it is shown, but its "
            f"label ({name}) has {_size(mask)}; both must have the same size"
        )
    return mask


def _from_array(array: np.ndarray, classes: int, ignored: int) -> UInt[np.ndarray, "H W"]:
    if array.ndim != 2 or not np.issubdtype(array.dtype, np.integer):
        raise ValueError(
            f"labels of {array.dtype} and shape {array.shape} are not a label map; give integers, "
            "rows x columns"
        )
    wrong = array[(array != ignored) & ((array < 0) | (array >= classes))]
    if wrong.size:
        raise ValueError(
            f"the labels hold {wrong[0]}, which is neither a class (0..{classes - 1}) nor ignored "
            f"({ignored})"
        )
    return array.astype(label_type(classes))


def _size(array: np.ndarray) -> str:
    return f"{array.shape[0]} x {array.shape[1]}"
