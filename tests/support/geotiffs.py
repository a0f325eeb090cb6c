"""Rasters written by rasterio, for tests of what reads and predicts them."""

import warnings

import numpy as np
import pytest

SYSTEM = "EPSG:32633"


def place(left=500_000.0, top=5_400_000.0, pixel=0.25):
    from rasterio.transform import Affine

    return Affine(pixel, 0, left, 0, -pixel, top)


def write_tiff(file, array, referenced=True, tile=64, colors=None, mask=None, **profile):
    """An array, rows x columns (x bands), as a tiled and deflated TIFF."""
    rasterio = pytest.importorskip("rasterio")
    planes = array[None] if array.ndim == 2 else np.moveaxis(array, -1, 0)
    where = {"crs": SYSTEM, "transform": place()} if referenced else {}
    tiling = {"tiled": True, "blockxsize": tile, "blockysize": tile} if tile else {}
    settings = {"compress": "deflate", **tiling, **where, **profile}
    file.parent.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", rasterio.errors.NotGeoreferencedWarning)
        with rasterio.open(
            file,
            "w",
            driver="GTiff",
            width=array.shape[1],
            height=array.shape[0],
            count=len(planes),
            dtype=array.dtype,
            **settings,
        ) as target:
            target.write(planes)
            if colors is not None:
                target.write_colormap(1, colors)
            if mask is not None:
                target.write_mask(mask)
    return file


def coordinates(height, width):
    """An image whose every pixel says where it lies, and its classes: stripes across tiles."""
    row, column = np.mgrid[:height, :width]
    image = np.stack([row % 251, column % 251, row // 251 * 16 + column // 251], axis=-1)
    return image.astype(np.uint8), ((row // 7 + column // 11) % 3).astype(np.uint8)


def raster_set(root, height=300, width=420, splits=("train", "val"), **profile):
    """A folder data set with one raster in each split."""
    image, label = coordinates(height, width)
    for split in splits:
        write_tiff(root / split / "images" / "scene.tif", image, **profile)
        write_tiff(root / split / "labels" / "scene.tif", label, nodata=255)
    (root / "classes.txt").write_text("one\ntwo\nthree\n")
    return image, label
