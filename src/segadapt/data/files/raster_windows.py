"""TIFFs read in windows, because they may be larger than memory.

GDAL reads them, through rasterio (extra ``geo``). A raster is opened in each process and thread
that reads from it and stays open there, because neither can share GDAL's handles.
"""

import mmap
import os
import threading
import warnings
from collections import OrderedDict
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from jaxtyping import Bool

from segadapt.data.files import tiff_header
from segadapt.data.files.boxes import Box, Size
from segadapt.data.files.image_format import ImageFormat, Pixels
from segadapt.data.files.rasters import PHOTOMETRIC, Values, is_tiff
from segadapt.data.files.tiff_header import PALETTE, TiffHeader
from segadapt.files import state_of
from segadapt.text.regular_files import open_regular

CACHE: Final = "128"
"""Mebibytes of decoded tiles that GDAL caches per process, unless GDAL_CACHEMAX is set."""

OPEN: Final = 16
"""Number of rasters that a thread keeps open."""

SIDE: Final = 1_000_000
"""Maximum pixels of a side; a header of a few bytes can declare four billion."""

PIECE: Final = 256 * 2**20
"""Maximum decoded bytes of a tile or strip, which is always decoded as a whole."""

BANDS: Final = 4096
KINDS: Final = ("uint8", "uint16", "int16", "uint32", "int32", "float32", "float64")


class Window(NamedTuple):
    """Values read from a raster.

    Attributes:
        values: Rows x columns x bands.
        empty: Which of them have no data; None if all have data.
    """

    values: Values
    empty: Bool[np.ndarray, "_ _ _"] | None

    @property
    def valid(self) -> Bool[np.ndarray, "_ _"] | None:
        """Pixels at which at least one band has data; None for all."""
        return None if self.empty is None else np.logical_not(self.empty.all(2))

    def pixels(self, form: ImageFormat, file: Path) -> Pixels:
        """The pixels as the pipeline takes them; pixels without data are black.

        Raises:
            ValueError: If they do not fit the format.
        """
        values = self.values
        if self.empty is not None:
            low = 0 if form.range is None else form.range[0]
            values = np.where(self.empty, np.asarray(low).astype(values.dtype), values)
        return form.pixels(values, file)


class Raster:
    """A TIFF that is open.

    Attributes:
        file: Which.
        header: Its header.
        size: Height and width, pixels.
        source: The open file.

    Args:
        file: A TIFF, with or without georeference.

    Raises:
        ValueError: If it cannot be opened, is truncated, or cannot be read by windows.
    """

    def __init__(self, file: Path) -> None:
        self.file, self.header = file, header_of(file)
        self.source: Any = _opened(file)
        self.size: Size = (self.source.height, self.source.width)
        self._check()

    @property
    def is_striped(self) -> bool:
        """Whether a narrow window costs as much as one of full width."""
        return self.source.block_shapes[0][1] >= self.size[1]

    def read(self, box: Box) -> Window:
        """Read a window.

        Raises:
            ValueError: If it is damaged.
        """
        from rasterio.enums import MaskFlags
        from rasterio.errors import RasterioError
        from rasterio.windows import Window as Place

        place = Place(box.left, box.top, box.width, box.height)
        flags = self.source.mask_flag_enums[0]
        mask = None
        try:
            planes = self.source.read(window=place)
            if MaskFlags.per_dataset in flags:
                mask = self.source.read_masks(1, window=place)
        except RasterioError as error:
            raise ValueError(f"{self.file} is damaged at {box} and cannot be decoded") from error
        values = np.ascontiguousarray(np.moveaxis(planes, 0, -1))
        if mask is not None:
            return Window(values, np.broadcast_to((mask == 0)[..., None], values.shape))
        return Window(values, _empty(values, self.source.nodata))

    def _check(self) -> None:
        height, width = self.size
        source, kinds = self.source, sorted(set(self.source.dtypes))
        rows, columns = source.block_shapes[0]
        together = source.count if source.interleaving.name == "pixel" else 1
        piece = rows * columns * together * np.dtype(kinds[0]).itemsize
        problem = None
        if not 0 < max(height, width) <= SIDE:
            problem = f"declares {height} x {width} pixels; sides may have up to {SIDE:,}"
        elif len(kinds) > 1 or kinds[0] not in KINDS or source.count > BANDS:
            problem = (
                f"has {source.count} bands of {', '.join(kinds)}; convert them to one of "
                f"{', '.join(KINDS)} (gdal_translate -ot), and at most {BANDS} bands"
            )
        elif piece > PIECE:
            problem = (
                f"has tiles or strips of {rows} x {columns} pixels ({piece / 2**20:,.0f} MiB), each"
                " of which is decoded as a whole; tile it: gdal_translate -co TILED=YES IN OUT"
            )
        elif self.header.orientation != 1:
            problem = "is rotated by its orientation tag; store its pixels upright"
        elif self.header.photometric not in (*PHOTOMETRIC, PALETTE):
            problem = (
                f"has photometric interpretation {self.header.photometric} (white is zero, CMYK or "
                "another); convert it to grey or RGB"
            )
        if problem is not None:
            raise ValueError(f"{self.file} {problem}")


def raster(file: Path) -> Raster:
    """The raster, opened if this thread has not opened it yet or if the file has changed.

    Raises:
        ValueError: As :class:`Raster`.
    """
    key = (file, state_of(file))
    if _mine.process != os.getpid():  # of the process that this one was forked from
        _mine.__init__()  # type: ignore[misc] # as at the start of a thread
    if key not in _mine.rasters:
        _mine.rasters[key] = Raster(file)
        if len(_mine.rasters) > OPEN:
            _mine.rasters.popitem(last=False)
    _mine.rasters.move_to_end(key)
    return _mine.rasters[key]


def header_of(file: Path) -> TiffHeader:
    """The header of a TIFF of any size; all of its tiles or strips lie within it.

    Raises:
        ValueError: If it is not a TIFF, truncated or damaged.
    """
    try:
        with open_regular(file) as opened:
            if not is_tiff(opened.read(4)):
                raise ValueError(
                    f"{file} is not a TIFF, and only TIFFs are read in windows; convert it "
                    "(gdal_translate -co TILED=YES), or set data.windows=null"
                )
            with mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as content:
                return tiff_header.read_header(content, str(file))
    except OSError as error:
        raise ValueError(f"{file} cannot be read: {error.strerror}") from error


class _Mine(threading.local):
    """Rasters that this thread of this process has open."""

    def __init__(self) -> None:
        self.process = os.getpid()
        self.rasters: OrderedDict[tuple[Path, tuple[int, ...]], Raster] = OrderedDict()


_mine = _Mine()
_warning = threading.Lock()


def _opened(file: Path) -> Any:
    """The open file, read only by GDAL's TIFF driver, so that it cannot refer to other files."""
    os.environ.setdefault("GDAL_CACHEMAX", CACHE)
    try:
        import rasterio
        from rasterio.errors import NotGeoreferencedWarning, RasterioError
    except ImportError:
        raise ValueError(
            f"{file} must be read in windows, which requires rasterio; install it: pip install "
            "'segadapt[geo]'"
        ) from None
    try:
        with _warning, warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            return rasterio.open(file, driver="GTiff")
    except RasterioError as error:
        raise ValueError(f"{file} cannot be opened as a TIFF: {error}") from error


def _empty(values: Values, nodata: float | None) -> Bool[np.ndarray, "_ _ _"] | None:
    if nodata is None:
        return None
    empty = np.isnan(values) if np.isnan(nodata) else values == nodata
    return empty if empty.any() else None
