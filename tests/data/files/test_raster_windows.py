"""Rasters read by windows, against numpy slices of what was written."""

import os
import struct
import threading
from pathlib import Path

import numpy as np
import pytest
from geotiffs import coordinates, place, write_tiff

from segadapt.data.files.boxes import Box, cells
from segadapt.data.files.image_format import PLAIN, ImageFormat
from segadapt.data.files.raster_grids import check_same_grid
from segadapt.data.files.raster_windows import Raster, raster

rasterio = pytest.importorskip("rasterio")
BOX = Box(50, 60, 71, 83)


def inside(array):
    return array[50:121, 60:143]


@pytest.mark.parametrize(
    ("dtype", "bands"), [("uint8", 3), ("uint16", 1), ("int16", 5), ("float32", 2)]
)
@pytest.mark.parametrize("layout", [{}, {"interleave": "pixel"}, {"tile": None}])
def test_a_window_is_the_slice_of_what_was_written(tmp_path, dtype, bands, layout):
    array = (np.random.default_rng(0).random((200, 230, bands)) * 200).astype(dtype)
    opened = Raster(write_tiff(tmp_path / "a.tif", array, **layout))
    assert opened.size == (200, 230)
    assert opened.is_striped == ("tile" in layout)
    read = opened.read(BOX)
    np.testing.assert_array_equal(read.values, inside(array))
    assert read.values.dtype == dtype
    assert read.empty is None
    assert read.valid is None


@pytest.mark.parametrize(("dtype", "nodata"), [("uint8", 0), ("int16", -9999), ("float32", np.nan)])
def test_pixels_without_data_are_known_by_their_value(tmp_path, dtype, nodata):
    array = (np.random.default_rng(0).random((200, 230, 2)) * 90 + 1).astype(dtype)
    array[60:80, 70:90] = nodata
    array[100:110, 60:65, 1] = nodata  # one band alone
    read = Raster(write_tiff(tmp_path / "a.tif", array, nodata=nodata)).read(BOX)
    holes = np.zeros((200, 230), bool)
    holes[60:80, 70:90] = True
    np.testing.assert_array_equal(~read.valid, inside(holes))
    pixels = read.pixels(ImageFormat(2, "float", (0.0, 100.0)), Path("a"))
    expected = np.where(np.isnan(array) | (array == nodata), 0, array).astype(np.float32) / 100
    np.testing.assert_allclose(pixels, inside(expected), rtol=1e-6)


def test_a_mask_band_says_where_data_are(tmp_path):
    image, _ = coordinates(200, 230)
    mask = np.random.default_rng(0).random((200, 230)) < 0.5
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True):
        file = write_tiff(tmp_path / "a.tif", image, mask=mask)
    read = Raster(file).read(BOX)
    np.testing.assert_array_equal(read.valid, inside(mask))
    np.testing.assert_array_equal(
        read.pixels(PLAIN, file), inside(np.where(mask[..., None], image, 0))
    )


def test_alpha_is_a_mask_and_not_a_channel_of_rgb(tmp_path):
    image, _ = coordinates(200, 230)
    alpha = np.where(np.arange(230) < 100, 255, 0) * np.ones((200, 1))
    rgba = np.dstack([image, alpha.astype(np.uint8)])
    read = Raster(write_tiff(tmp_path / "a.tif", rgba, photometric="RGB", alpha="yes")).read(BOX)
    np.testing.assert_array_equal(read.valid, inside(alpha > 0))
    assert read.pixels(PLAIN, tmp_path / "a.tif").shape == (71, 83, 3)


@pytest.mark.parametrize(
    ("size", "cell"), [((40, 90), (16, 30)), ((7, 3), (8, 8)), ((9, 5), (1, 5))]
)
def test_cells_cover_every_pixel_once(size, cell):
    seen = np.zeros(size, int)
    parts = cells(size, cell)
    for top, left, height, width in parts:
        seen[top : top + height, left : left + width] += 1
        assert height <= cell[0]
        assert width <= cell[1]
    assert (seen == 1).all()
    assert len(parts) == -(-size[0] // cell[0]) * -(-size[1] // cell[1])


def test_threads_and_forks_open_rasters_of_their_own(tmp_path):
    image, _ = coordinates(64, 64)
    file = write_tiff(tmp_path / "a.tif", image)
    mine, others = raster(file), []
    assert raster(file) is mine
    thread = threading.Thread(target=lambda: others.append(raster(file)))
    thread.start()
    thread.join()
    assert others[0] is not mine
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        own = raster(file)
        same = np.array_equal(own.read(Box(3, 4, 5, 6)).values, image[3:8, 4:10])
        os.write(writer, bytes([own is not mine, same]))
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(reader, 2) == b"\1\1"


def test_a_file_that_has_changed_is_opened_again(tmp_path):
    image, _ = coordinates(64, 64)
    before = raster(write_tiff(tmp_path / "a.tif", image))
    file = write_tiff(tmp_path / "a.tif", image[:40])
    os.utime(file, ns=(1, 1))
    assert before.size == (64, 64)
    assert raster(file).size == (40, 64)


def test_a_copy_that_keeps_size_and_time_is_opened_again(tmp_path):
    image, _ = coordinates(64, 64)
    file = write_tiff(tmp_path / "a.tif", image, compress="none")
    other = write_tiff(tmp_path / "b.tif", image[::-1].copy(), compress="none")
    assert other.stat().st_size == file.stat().st_size
    before = raster(file)
    os.utime(other, ns=(1, file.stat().st_mtime_ns))
    other.replace(file)
    assert raster(file) is not before


def test_truncated_files_are_refused_when_they_are_opened(tmp_path):
    image = np.random.default_rng(0).integers(255, size=(200, 230, 3), dtype=np.uint8)
    file = write_tiff(tmp_path / "a.tif", image)
    whole = file.read_bytes()
    for end in (0, 3, 8, 100, len(whole) // 2, len(whole) - 1):
        file.write_bytes(whole[:end])
        with pytest.raises(ValueError, match=r"a\.tif (is (truncated|a damaged|not)|cannot be)"):
            Raster(file)


def test_damaged_tiles_are_refused_where_they_are_read(tmp_path):
    image = np.random.default_rng(0).integers(255, size=(128, 128), dtype=np.uint8)
    file = write_tiff(tmp_path / "a.tif", image)
    pieces = Raster(file).header.pieces
    content = bytearray(file.read_bytes())
    start, size = pieces[3]
    content[start : start + size] = bytes(size)
    file.write_bytes(content)
    opened = Raster(file)
    np.testing.assert_array_equal(opened.read(Box(0, 0, 64, 64)).values[..., 0], image[:64, :64])
    with pytest.raises(ValueError, match=r"a\.tif is damaged at \[70:80,70:80\]"):
        opened.read(Box(70, 70, 10, 10))


def changed_header(file, **values):
    """Other numbers in the first directory of a TIFF."""
    content = bytearray(file.read_bytes())
    (start,) = struct.unpack_from("<I", content, 4)
    (count,) = struct.unpack_from("<H", content, start)
    for at in range(start + 2, start + 2 + 12 * count, 12):
        (tag,) = struct.unpack_from("<H", content, at)
        if f"tag{tag}" in values:
            struct.pack_into("<HII", content, at + 2, 4, 1, values[f"tag{tag}"])  # 4: of 32 bits
    file.write_bytes(content)
    return file


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"tag256": 2_000_000, "tag257": 2_000_000}, "declares|cannot be opened"),
        ({"tag256": 4_000_000_000}, "declares|cannot be opened"),
        ({"tag322": 65_520, "tag323": 65_520}, "is decoded as a whole; tile it|cannot be opened"),
        ({"tag262": 0}, "photometric interpretation 0 .* convert it"),
        ({"tag277": 60_000}, "bands|cannot be opened|damaged"),
    ],
)
def test_declared_sizes_are_not_believed(tmp_path, values, sentence):
    file = write_tiff(tmp_path / "a.tif", np.zeros((64, 64), np.uint8), BIGTIFF="NO")
    with pytest.raises(ValueError, match=sentence):
        Raster(changed_header(file, **values))


def test_what_is_not_a_tiff_is_refused(tmp_path):
    (tmp_path / "a.tif").write_text('<VRTDataset rasterXSize="9" rasterYSize="9"/>')
    with pytest.raises(ValueError, match="is not a TIFF, and only TIFFs are read in windows"):
        Raster(tmp_path / "a.tif")


@pytest.mark.parametrize(
    ("other", "sentence"),
    [
        ({"crs": "EPSG:32632"}, "reference system EPSG:32633, but its label .* EPSG:32632"),
        ({"transform": place(left=500_001.0)}, r"lies 4\.00 pixels beside its image"),
        ({"transform": place(pixel=0.5)}, r"lies 64\.00 pixels beside"),
    ],
)
def test_labels_of_another_place_are_refused(tmp_path, other, sentence):
    array = np.zeros((64, 64), np.uint8)
    image = Raster(write_tiff(tmp_path / "a.tif", array))
    same = Raster(write_tiff(tmp_path / "same.tif", array))
    check_same_grid(image, same)
    check_same_grid(image, Raster(write_tiff(tmp_path / "plain.tif", array, referenced=False)))
    with pytest.raises(ValueError, match=sentence):
        check_same_grid(image, Raster(write_tiff(tmp_path / "b.tif", array, **other)))


def test_bands_of_another_type_are_named(tmp_path):
    file = write_tiff(tmp_path / "a.tif", np.ones((40, 40), np.uint64))
    with pytest.raises(ValueError, match=r"has 1 bands of uint64; convert them to one of uint8, "):
        Raster(file)
