"""Images of all formats, against what Pillow, OpenCV, numpy and tifffile wrote."""

import struct
import sys

import cv2
import numpy as np
import pytest
from PIL import Image
from written import picture, write

from segadapt.data.files.decode import read_image
from segadapt.data.files.image_format import ImageFormat, checked_format
from segadapt.data.files.image_headers import Head

RNG = np.random.default_rng(0)
FLOAT = ImageFormat(3, "float", (0.0, 1.0))


def values(dtype, channels, height=20, width=30):
    shape = (height, width, channels)
    if dtype == np.float32:
        return RNG.random(shape, dtype=np.float32)
    return RNG.integers(np.iinfo(dtype).max, size=shape, dtype=dtype, endpoint=True)


def by_opencv(file, array):
    """Write an array of red, green, blue; OpenCV takes them the other way round."""
    order = {3: [2, 1, 0], 4: [2, 1, 0, 3]}.get(array.shape[2], [0])
    # Before OpenCV 5, TIFFs of three floats per pixel are LogLuv unless a compression is named.
    plain = [cv2.IMWRITE_TIFF_COMPRESSION, 1] if array.dtype == np.float32 else []
    assert cv2.imwrite(str(file), array[..., order], plain)
    return file


@pytest.mark.parametrize("suffix", ["png", "bmp", "webp", "tif", "npy"])
def test_8_bit_rgb_is_the_same_from_every_lossless_format(tmp_path, suffix):
    expected, file = picture(20, 30), tmp_path / f"a.{suffix}"
    if suffix == "npy":
        np.save(file, expected)
    else:
        Image.fromarray(expected).save(file, **({"lossless": True} if suffix == "webp" else {}))
    np.testing.assert_array_equal(read_image(file), expected)
    assert Head(file).size() == (20, 30)


@pytest.mark.parametrize("compression", ["raw", "tiff_lzw", "tiff_deflate"])
def test_tiffs_are_read_however_they_are_compressed(tmp_path, compression):
    file = write(tmp_path / "a.tif", picture(20, 30), compression=compression)
    np.testing.assert_array_equal(read_image(file), picture(20, 30))


@pytest.mark.parametrize("suffix", ["png", "tif"])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_16_bits_are_scaled_by_the_range(tmp_path, suffix, channels):
    raw = values(np.uint16, channels)
    form = checked_format(channels, 16, [1000, 50_000])
    expected = ((raw.astype(np.float64) - 1000) / 49_000).clip(0, 1)
    image = read_image(by_opencv(tmp_path / f"a.{suffix}", raw), form=form)
    assert image.dtype == np.float32
    np.testing.assert_allclose(image, expected, atol=1e-6)


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_16_bits_that_hold_8_are_8(tmp_path, suffix):
    wide = picture(20, 30).astype(np.uint16) * 257
    image = read_image(by_opencv(tmp_path / f"a.{suffix}", wide))
    np.testing.assert_array_equal(image, picture(20, 30))


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_floats_are_read_from_tiffs(tmp_path, channels):
    raw = values(np.float32, channels)
    form = checked_format(channels, "float", [0, 1])
    image = read_image(by_opencv(tmp_path / "a.tif", raw), form=form)
    np.testing.assert_allclose(image, raw, atol=1e-7)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int16, np.float32, np.float64, ">f4"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_arrays_may_have_any_channels_and_type(tmp_path, dtype, order):
    raw = np.asarray(RNG.integers(0, 100, size=(9, 7, 5)), dtype, order)
    np.save(tmp_path / "a.npy", raw)
    image = read_image(tmp_path / "a.npy", form=checked_format(5, "float", [0, 100]))
    np.testing.assert_allclose(image, raw.astype(np.float64) / 100, atol=1e-6)


def test_one_channel_of_8_bits_stays_one(tmp_path):
    grey = picture(8, 9)[..., 0]
    for name in ("a.png", "a.jpg", "a.tif"):
        image = read_image(write(tmp_path / name, grey), form=ImageFormat(1))
        assert image.shape == (8, 9, 1)
        assert image.dtype == np.uint8
    np.testing.assert_array_equal(image[..., 0], grey)


def test_a_jpeg_in_cmyk_is_each_colour_times_black(tmp_path):
    flat = np.array([200, 150, 90, 30], np.uint8) * np.ones((16, 16, 1), np.uint8)
    Image.fromarray(flat, "CMYK").save(tmp_path / "a.jpg", quality=100)
    expected = (255 - flat[0, 0, :3].astype(float)) * (255 - 30) / 255
    np.testing.assert_allclose(read_image(tmp_path / "a.jpg")[4, 4], expected, atol=3)


def save(file, array):
    np.save(file, array)
    return file


def tiff(file, **tags):
    """A TIFF whose first directory is written by hand: 8 x 8 grey pixels, or what tags claim."""
    known = {"width": (256, 8), "height": (257, 8), "bits": (258, 8), "compression": (259, 1)}
    known |= {"photometric": (262, 1), "place": (273, 8), "orientation": (274, 1)}
    known |= {"samples": (277, 1), "rows": (278, 8), "bytes": (279, 64), "planes": (284, 1)}
    entries = [(tag, tags.get(name, value)) for name, (tag, value) in known.items()]
    directory = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in entries)
    head = b"II*\0" + struct.pack("<I", 72) + bytes(range(64))
    file.write_bytes(head + struct.pack("<H", len(entries)) + directory + bytes(4))
    return file


def test_a_tiff_written_by_hand_is_read(tmp_path):
    image = read_image(tiff(tmp_path / "a.tif"), form=ImageFormat(1))
    np.testing.assert_array_equal(image.ravel(), np.arange(64))


@pytest.mark.parametrize(
    ("make", "form", "sentence"),
    [
        (
            lambda f: tiff(f, width=60_000, height=60_000),
            {},
            "60000 x 60000 pixels, more than data",
        ),
        (lambda f: tiff(f, samples=60_000), {}, "has 60000 channels and data.channels=3; set"),
        (
            lambda f: tiff(f, samples=60_000),
            {"channels": 4},
            "has 60000 channels and data.channels",
        ),
        (lambda f: tiff(f, bytes=10**9), {}, "is truncated at byte"),
        (lambda f: tiff(f, orientation=6), {"channels": 1}, r"is turned when it is shown \(orie"),
        (
            lambda f: tiff(f, photometric=3),
            {"channels": 1},
            "interpretation 3 .*; convert it to grey",
        ),
        (lambda f: save(f, np.zeros((2, 2, 9))), {}, "has 9 channels and data.channels=3; set"),
        (
            lambda f: save(f, np.zeros((2, 2, 3))),
            {},
            r"has 64 bits per channel \(values 0.0 to 0.0",
        ),
        (lambda f: save(f, np.zeros((2, 2, 3), np.uint8)), {"depth": 16}, "holds uint8 and not 16"),
        (lambda f: save(f, np.full((2, 2, 3), np.nan)), {"depth": "float"}, "holds 12 values that"),
        (
            lambda f: save(f, np.zeros(4)),
            {},
            r"array of float64 and shape \(4,\); save numbers, ro",
        ),
        (lambda f: save(f, np.zeros((2, 2), "U3")), {}, "holds an array of <U3"),
        (lambda f: save(f, np.zeros((9000, 0, 3), np.uint8)), {}, "has 9000 x 0 pixels"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_a_sentence(tmp_path, make, form, sentence):
    suffix = "npy" if "save" in make.__code__.co_names else "tif"
    file = make(tmp_path / f"a.{suffix}")
    chosen = ImageFormat(form.get("channels", 3), form.get("depth", 8), (0.0, 1.0))
    with pytest.raises(ValueError, match=sentence):
        read_image(file, form=chosen)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("compression", [cv2.IMWRITE_TIFF_COMPRESSION_LZW, 8])
def test_damage_within_the_pixels_is_noticed(tmp_path, dtype, compression):
    raw = (picture(64, 80) // 32).astype(dtype)
    assert cv2.imwrite(str(tmp_path / "a.tif"), raw, [cv2.IMWRITE_TIFF_COMPRESSION, compression])
    content = bytearray((tmp_path / "a.tif").read_bytes())
    middle = len(content) // 2
    content[middle : middle + 40] = bytes(byte ^ 0x5A for byte in content[middle : middle + 40])
    (tmp_path / "a.tif").write_bytes(content)
    with pytest.raises(ValueError, match=r"a\.tif is damaged and cannot be decoded"):
        read_image(tmp_path / "a.tif", form=ImageFormat(3, "float", (0.0, 65535.0)))


def test_what_needs_tifffile_says_so(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "tifffile", None)
    with pytest.raises(
        ValueError, match=r"needs tifffile .*compression 99\); install it with: pip"
    ):
        read_image(tiff(tmp_path / "a.tif", compression=99), form=ImageFormat(1))


def test_a_declared_size_is_refused_before_memory_is_taken(tmp_path):
    file = tmp_path / "a.npy"
    np.save(file, np.zeros((2, 2, 3), np.uint8))
    file.write_bytes(file.read_bytes().replace(b"(2, 2, 3)", b"(90000, 90000, 3)")[:200])
    with pytest.raises(ValueError, match="90000 x 90000 pixels, more than data"):
        read_image(file)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ((3, 12, None), r"data\.depth=12 must be one of 8, 16, float"),
        ((3, 8, [0, 1]), r"data\.range is for data\.depth=16 or float; remove it"),
        ((3, 16, None), r"data\.depth=16 needs data\.range=\[BLACK, WHITE\]; segadapt check-data"),
        ((3, 16, [5, 5]), r"data\.range=\[5, 5\] must be two numbers, the smaller first"),
        ((3, "float", [0, float("inf")]), "must be two numbers"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings, sentence):
    with pytest.raises(ValueError, match=sentence):
        checked_format(*settings)


CASES = [
    (channels, dtype, compression, planes, tile)
    for channels in (1, 3, 4, 6)
    for dtype in (np.uint8, np.uint16, np.float32)
    for compression in (None, "deflate", "lzw")
    for planes in ("contig", "separate")
    for tile in (None, (16, 16))
    if channels > 1 or planes == "contig"
]


def test_every_tiff_that_tifffile_writes_is_read_as_it_is(tmp_path):
    tifffile = pytest.importorskip("tifffile")
    pytest.importorskip("imagecodecs")
    for channels, dtype, compression, planes, tile in CASES:
        raw = values(dtype, channels, 37, 53)
        stored = raw[..., 0] if channels == 1 else raw
        options = {} if channels == 1 else {"planarconfig": planes}
        tifffile.imwrite(
            tmp_path / "a.tif",
            np.moveaxis(stored, -1, 0) if planes == "separate" else stored,
            photometric="rgb" if channels in (3, 4) else "minisblack",
            compression=compression,
            tile=tile,
            **options,
        )
        form = ImageFormat(channels, 8)
        limits = (0.0, 1.0) if dtype == np.float32 else (0.0, 65535.0)
        if dtype != np.uint8:
            form = ImageFormat(channels, "float", limits)
            raw = raw.astype(np.float64) / limits[1]
        image = read_image(tmp_path / "a.tif", form=form)
        np.testing.assert_allclose(
            image, raw, atol=1e-6, err_msg=f"{channels, dtype, planes, tile}"
        )
