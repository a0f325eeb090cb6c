"""Per-image counts of the student, stored in a file of a run folder."""

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

"""File with the counts of the validation that report.json describes."""


PACKED: Final = 256 * MIB
UNPACKED: Final = 1024 * MIB
"""Largest size of the file and of each array, in bytes; 118,287 images of 171 classes, the training
images of COCO-Stuff, take 485 MB."""

MOST: Final = 500_000
"""Largest number of images; each takes 16 kB when a comparison resamples them."""

DAMAGE: Final = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    KeyError,
    NotImplementedError,  # raised by zipfile for methods that it cannot unpack
    RuntimeError,  # raised for encrypted entries
    TypeError,
    ValueError,
)


LABELLED: Final = 1
"""Index of the labelled pixels among the three counts."""


class PerImage(NamedTuple):
    """Counts from which the mIoU of any selection of images can be computed."""

    names: tuple[str, ...]
    counts: Int[np.ndarray, "n 3 k"]
    """Correct, labelled and predicted pixels of each class.

    Ignored pixels do not count, so the sums over images are those of the confusion matrix.
    """


def by_name(names: Sequence[str], counts: Int[np.ndarray, "n 3 k"]) -> PerImage:
    """Counts sorted by image name, an order that does not depend on the number of ranks."""
    order = sorted(range(len(names)), key=names.__getitem__)
    return PerImage(tuple(names[i] for i in order), counts[order])


def write_per_image(file: Path, images: PerImage) -> None:
    """Write ``names`` and ``counts`` atomically."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with replacing(file) as content:
        np.savez_compressed(content, names=np.array(images.names, dtype=str), counts=images.counts)


def read_per_image(file: Path) -> PerImage:
    """Read a file of :func:`write_per_image`.

    Raises:
        ValueError: If the file is damaged or has other contents.
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
    """An array of an untrusted archive, whose header must match its number of bytes."""
    entry = archive.getinfo(f"{name}.npy")
    if entry.file_size > UNPACKED:
        raise ValueError(f"{name} would unpack to {entry.file_size:,} bytes")
    with archive.open(entry) as content:
        version = np.lib.format.read_magic(content)
        read = {(1, 0): "read_array_header_1_0", (2, 0): "read_array_header_2_0"}.get(version)
        if read is None:
            raise ValueError(f"{name} has the format of another version")
        shape, fortran, dtype = getattr(np.lib.format, read)(content)
        if dtype.hasobject or math.prod(shape) * dtype.itemsize > entry.file_size:
            raise ValueError(f"{name} is smaller than its header says")
        values = np.frombuffer(content.read(), dtype)[: math.prod(shape)]
    return values.reshape(shape, order="F" if fortran else "C")


def _check(names: np.ndarray, counts: np.ndarray) -> None:
    if names.dtype.kind != "U" or names.ndim != 1 or not 0 < len(names) <= MOST:
        raise ValueError(f"names must be 1 to {MOST:,} texts")
    if counts.dtype.kind not in "iu" or counts.ndim != 3:
        raise ValueError("counts must be integers in three dimensions")
    if counts.shape[:2] != (len(names), 3) or counts.shape[2] == 0 or counts.min() < 0:
        raise ValueError("counts must be three of each class for each name, of 0 or more")
