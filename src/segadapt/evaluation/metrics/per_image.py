"""What the student got right in every image, as a file of a run folder."""

import io
import math
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from jaxtyping import Int

from segadapt.files import replacing
from segadapt.text.bounded import MIB, read_bytes

"""Of a run folder: the images of the validation that report.json describes."""


PACKED: Final = 128 * MIB
UNPACKED: Final = 512 * MIB
"""Bytes of the file, and of each of its arrays; 40 000 images of 171 classes have 164 MB."""

MOST: Final = 100_000
"""Images; each costs 16 kB when a comparison draws from them."""

DAMAGE: Final = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    KeyError,
    NotImplementedError,  # zipfile's word for methods that it cannot unpack
    RuntimeError,  # and for encrypted entries
    TypeError,
    ValueError,
)


class PerImage(NamedTuple):
    """Counts from which the mIoU of any choice of images follows."""

    names: tuple[str, ...]
    counts: Int[np.ndarray, "n 3 k"]
    """Pixels of each class that are right, that are labelled so, and that are predicted so.

    Ignored pixels count nowhere, so the sums over images are those of the confusion matrix.
    """


def by_name(names: Sequence[str], counts: Int[np.ndarray, "n 3 k"]) -> PerImage:
    """Images in the order of their names, which is the same on any number of ranks."""
    order = sorted(range(len(names)), key=names.__getitem__)
    return PerImage(tuple(names[i] for i in order), counts[order])


def write_per_image(file: Path, images: PerImage) -> None:
    """Write ``names`` and ``counts``, all of it or nothing."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with replacing(file) as content:
        np.savez_compressed(content, names=np.array(images.names, dtype=str), counts=images.counts)


def read_per_image(file: Path) -> PerImage:
    """Read what :func:`write_per_image` wrote.

    Raises:
        ValueError: If the file is damaged or something else.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(read_bytes(file, PACKED))) as archive:
            names, counts = _array(archive, "names"), _array(archive, "counts")
        _check(names, counts)
        return PerImage(tuple(map(str, names)), counts)
    except DAMAGE as error:
        raise ValueError(
            f"{file} is not readable ({error}); remove it, then evaluate the run again"
        ) from error


def _array(archive: zipfile.ZipFile, name: str) -> np.ndarray:
    """An array of an archive that may be hostile: its head is believed as far as it has bytes."""
    entry = archive.getinfo(f"{name}.npy")
    if entry.file_size > UNPACKED:
        raise ValueError(f"{name} would unpack to {entry.file_size:,} bytes")
    with archive.open(entry) as content:
        version = np.lib.format.read_magic(content)
        read = {(1, 0): "read_array_header_1_0", (2, 0): "read_array_header_2_0"}.get(version)
        if read is None:
            raise ValueError(f"{name} is in a form of another version")
        shape, fortran, dtype = getattr(np.lib.format, read)(content)
        if dtype.hasobject or math.prod(shape) * dtype.itemsize > entry.file_size:
            raise ValueError(f"{name} is smaller than it says")
        values = np.frombuffer(content.read(), dtype)[: math.prod(shape)]
    return values.reshape(shape, order="F" if fortran else "C")


def _check(names: np.ndarray, counts: np.ndarray) -> None:
    if names.dtype.kind != "U" or names.ndim != 1 or not 0 < len(names) <= MOST:
        raise ValueError(f"names must be 1 to {MOST:,} texts")
    if counts.dtype.kind not in "iu" or counts.ndim != 3:
        raise ValueError("counts must be whole numbers in three dimensions")
    if counts.shape[:2] != (len(names), 3) or counts.shape[2] == 0 or counts.min() < 0:
        raise ValueError("counts must be three of each class for each name, of 0 or more")
