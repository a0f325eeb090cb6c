"""NPY files, whose header is checked before numpy loads the array."""

import io
import math
from typing import Any, Final, NamedTuple

import numpy as np
from jaxtyping import Shaped

SIGNATURE: Final = b"\x93NUMPY"

HEADERS: Final = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


class Header(NamedTuple):
    """Header of an NPY file."""

    shape: tuple[int, ...]
    fortran: bool
    """Whether the numbers of a column lie side by side."""
    dtype: np.dtype[Any]
    start: int
    """Byte at which the numbers begin."""


def read_header(data: bytes, file: str) -> Header:
    """The header of an NPY file; readers check that they support its array.

    Raises:
        ValueError: If the file is damaged.
    """
    stream = io.BytesIO(data)
    try:
        shape, fortran, dtype = HEADERS[np.lib.format.read_magic(stream)](stream)
    except (KeyError, ValueError) as error:
        raise ValueError(f"{file} is a damaged NPY file; save it again with numpy.save") from error
    return Header(shape, fortran, dtype, stream.tell())


def read_array(data: bytes, file: str) -> Shaped[np.ndarray, "*shape"]:
    """The array of a file whose header was checked.

    Raises:
        ValueError: If it is damaged or truncated.
    """
    shape, fortran, dtype, start = read_header(data, file)
    if len(data) - start < math.prod(shape) * dtype.itemsize:
        raise ValueError(f"{file} is truncated at byte {len(data)}; download or export it again")
    values = np.frombuffer(data, dtype, math.prod(shape), start)
    array = values.reshape(shape, order="F" if fortran else "C")
    return np.ascontiguousarray(array.astype(dtype.newbyteorder("="), copy=False))
