"""What the student got right in every image, as a file of a run folder."""

import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from jaxtyping import Int

from segadapt.files import replacing

PER_IMAGE: Final = "per_image.npz"
"""Of a run folder: the images of the validation that report.json tells of."""


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
        with file.open("rb") as opened, np.load(opened, allow_pickle=False) as content:
            return PerImage(tuple(map(str, content["names"])), content["counts"])
    except (zipfile.BadZipFile, KeyError, ValueError) as error:
        raise ValueError(
            f"{file} is not readable ({error}); remove it, then evaluate the run again"
        ) from error
