"""Label maps in NPY files, whose header is looked at before numpy makes an array of it."""

import io
import math

import numpy as np
from jaxtyping import Shaped

SIGNATURE = b"\x93NUMPY"

HEADERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}


def read_shape(data: bytes, file: str) -> tuple[int, ...]:
    """Rows, columns and, of colours, channels.

    Raises:
        ValueError: If the file is damaged or no label map.
    """
    return _header(data, file)[0]


def read_array(data: bytes, file: str) -> Shaped[np.ndarray, "H W *c"]:
    """The array of a file.

    Raises:
        ValueError: As above, or if it is truncated.
    """
    shape, fortran, dtype, start = _header(data, file)
    if len(data) - start < math.prod(shape) * dtype.itemsize:
        raise ValueError(f"{file} is truncated at byte {len(data)}; fetch or export it again")
    values = np.frombuffer(data, dtype, math.prod(shape), start)
    array = values.reshape(shape, order="F" if fortran else "C")
    return np.ascontiguousarray(array.astype(dtype.newbyteorder("="), copy=False))


def _header(data: bytes, file: str) -> tuple[tuple[int, ...], bool, np.dtype, int]:
    """Shape, whether columns lie side by side, type, and where the numbers begin."""
    stream = io.BytesIO(data)
    try:
        shape, fortran, dtype = HEADERS[np.lib.format.read_magic(stream)](stream)
    except (KeyError, ValueError) as error:
        raise ValueError(f"{file} is a damaged NPY file; save it again with numpy.save") from error
    colored = len(shape) == 3 and shape[2] in (3, 4) and dtype == np.uint8
    if dtype.kind not in "bui" or min(shape, default=0) < 0 or not (len(shape) == 2 or colored):
        raise ValueError(
            f"label {file} holds an array of {dtype} and shape {shape}; save whole numbers, rows x "
            "columns, or colours of uint8, rows x columns x 3"
        )
    return shape, fortran, dtype, stream.tell()
