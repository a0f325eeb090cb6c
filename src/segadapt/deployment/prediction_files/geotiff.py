"""Labels as tiled GeoTIFFs that are whole or absent."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from jaxtyping import UInt, UInt8

from segadapt.data.files.boxes import Box
from segadapt.data.files.raster_windows import Raster
from segadapt.data.labels import LabelContract
from segadapt.files import replacing_path
from segadapt.structures import ignored_label

TILE: Final = 512
"""Pixels of the side of a tile."""


class Numbering(NamedTuple):
    """Values that are written for each class.

    Attributes:
        numbers: Numbers of the classes.
        ignored: Number of pixels without data.
    """

    numbers: UInt[np.ndarray, "k"]
    ignored: int

    def of(
        self, labels: np.ndarray | None, valid: np.ndarray | None, size: tuple[int, int]
    ) -> UInt[np.ndarray, "h w"]:
        """Classes as numbers.

        Args:
            labels: The classes; None where no pixel has data.
            valid: Mask of the pixels with data; None: all.
            size: Height and width.
        """
        if labels is None:
            return np.full(size, self.ignored, dtype=self.numbers.dtype)
        written = self.numbers[labels]
        if valid is not None:
            written[~valid] = self.ignored
        return written


def numbering(labels: LabelContract, kind: str) -> Numbering:
    """The numbers that a label raster holds.

    Those of the data set's label files; 0 ... K-1 where a class has none there but colours, or
    ``kind`` is ``train``. Pixels without data get the largest number that the data set ignores, or
    else 255 or 65,535, or the first number that is free.
    """
    own = kind == "data" and len(labels.numbers) == labels.num_classes
    numbers = labels.numbers if own else list(range(labels.num_classes))
    ignored = sorted(labels.table.ignored.numbers, reverse=True) if own else []
    free = (*ignored, ignored_label(labels.num_classes), 65_535, *range(65_536))
    chosen = next(number for number in free if number not in set(numbers))
    narrow = max(*numbers, chosen) <= 255
    return Numbering(np.array(numbers, dtype=np.uint8 if narrow else np.uint16), chosen)


class LabelRaster:
    """A GeoTIFF that is being written.

    Args:
        target: The open file.
        numbers: Numbers that it holds.
    """

    def __init__(self, target: Any, numbers: Numbering) -> None:
        self.target, self.numbers = target, numbers

    def write(self, box: Box, labels: np.ndarray | None, valid: np.ndarray | None) -> None:
        """Write a part, whose edges are those of tiles or of the raster."""
        from rasterio.windows import Window

        place = Window(box.left, box.top, box.width, box.height)
        self.target.write(self.numbers.of(labels, valid, box.size), 1, window=place)


@contextmanager
def label_raster(
    file: Path, image: Raster, numbers: Numbering, colors: UInt8[np.ndarray, "k 3"]
) -> Iterator[LabelRaster]:
    """A context that writes a GeoTIFF with the size and place of an image, atomically.

    Args:
        file: File to write.
        image: Gives size, reference system and place.
        numbers: Numbers that it holds.
        colors: Colours of the classes, for its colour table.

    Raises:
        OSError: If it cannot be written.
    """
    import rasterio
    from rasterio.errors import NotGeoreferencedWarning, RasterioError

    file.parent.mkdir(parents=True, exist_ok=True)
    with replacing_path(file) as beside:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", NotGeoreferencedWarning)
                with rasterio.open(beside, "w", **_profile(image, numbers)) as target:
                    target.write_colormap(1, _colormap(numbers, colors))
                    yield LabelRaster(target, numbers)
            written = Raster(beside)
        except RasterioError as error:
            raise OSError(f"{file} cannot be written: {error}") from error
        if not all(size for _, size in written.header.pieces):
            raise OSError(f"{file} cannot be written: tiles are missing; is the disk full?")


def _profile(image: Raster, numbers: Numbering) -> dict[str, Any]:
    source = image.source
    points, system = source.gcps
    place = {"gcps": points, "crs": system} if points else {"crs": source.crs}
    if not points and not source.transform.is_identity:
        place["transform"] = source.transform
    return {
        "driver": "GTiff",
        "height": image.size[0],
        "width": image.size[1],
        "count": 1,
        "dtype": numbers.numbers.dtype,
        "nodata": numbers.ignored,
        "tiled": True,
        "blockxsize": TILE,
        "blockysize": TILE,
        "compress": "deflate",
        "BIGTIFF": "IF_SAFER",
        **place,
    }


def _colormap(
    numbers: Numbering, colors: UInt8[np.ndarray, "k 3"]
) -> dict[int, tuple[int, int, int, int]]:
    """Colours of numbers; TIFF knows no opacity in them."""
    shown = {
        int(number): (int(color[0]), int(color[1]), int(color[2]), 255)
        for number, color in zip(numbers.numbers, colors, strict=True)
    }
    return {**shown, numbers.ignored: (0, 0, 0, 255)}
