import struct
import zlib

import numpy as np
import pytest
from PIL import Image
from written import blocks, picture, write

from segadapt.data.files.decode import read_image
from segadapt.data.files.label_files import read_label


def test_image_is_rgb(tmp_path):
    expected = picture(20, 30)
    np.testing.assert_array_equal(read_image(write(tmp_path / "a.png", expected)), expected)


def test_jpeg_agrees_with_pillow(tmp_path):
    file = write(tmp_path / "a.jpg", picture(40, 56), quality=95)
    with Image.open(file) as image:
        difference = read_image(file).astype(int) - np.asarray(image).astype(int)
    assert np.abs(difference).max() <= 2


def test_grey_alpha_palette_and_deep_images_become_rgb(tmp_path):
    rgb = picture(16, 24)
    grey = rgb[..., 0]
    alpha = np.dstack([rgb, np.full_like(grey, 9)])
    deep = grey.astype(np.uint16) * 257
    palette = Image.fromarray(rgb).quantize(8)
    palette.save(tmp_path / "palette.png")
    cases = {
        write(tmp_path / "grey.png", grey): np.dstack([grey] * 3),
        write(tmp_path / "alpha.png", alpha): rgb,
        write(tmp_path / "deep.png", deep): np.dstack([grey] * 3),
        tmp_path / "palette.png": np.asarray(palette.convert("RGB")),
    }
    for file, expected in cases.items():
        np.testing.assert_array_equal(read_image(file), expected)


def test_orientation_is_not_applied(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # a quarter turn
    file = write(tmp_path / "a.jpg", picture(20, 30), exif=exif)
    assert read_image(file).shape == (20, 30, 3)


def test_label_of_8_bits_is_read_as_it_is(tmp_path):
    expected = np.arange(256, dtype=np.uint8).reshape(16, 16)
    np.testing.assert_array_equal(read_label(write(tmp_path / "a.png", expected)), expected)


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_label_with_palette_gives_indices_not_colours(tmp_path, bits):
    indices = blocks(24, 40, 2**bits)
    image = Image.new("P", (40, 24))
    image.putpalette(np.random.default_rng(1).integers(256, size=768, dtype=np.uint8).tolist())
    image.putdata(indices.ravel().tolist())
    image.save(tmp_path / "a.png", bits=bits)
    np.testing.assert_array_equal(read_label(tmp_path / "a.png"), indices)


def test_grey_label_of_1_bit_gives_0_and_1(tmp_path):
    expected = blocks(24, 40, 2)
    write(tmp_path / "a.png", expected.astype(bool))
    np.testing.assert_array_equal(read_label(tmp_path / "a.png"), expected)


def test_label_of_16_bits_keeps_its_numbers(tmp_path):
    expected = blocks(24, 40, 200)
    file = write(tmp_path / "a.png", expected.astype(np.uint16))
    np.testing.assert_array_equal(read_label(file), expected)
    file = write(tmp_path / "b.png", expected.astype(np.uint16) * 300)
    np.testing.assert_array_equal(read_label(file), expected.astype(np.int64) * 300)


def test_transparency_and_gamma_do_not_touch_labels(tmp_path):
    expected = blocks(24, 40, 5)
    data = write(tmp_path / "a.png", expected, transparency=3).read_bytes()
    gamma = b"gAMA" + (45455).to_bytes(4)
    chunk = (4).to_bytes(4) + gamma + zlib.crc32(gamma).to_bytes(4)
    (tmp_path / "a.png").write_bytes(data[:33] + chunk + data[33:])
    np.testing.assert_array_equal(read_label(tmp_path / "a.png"), expected)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "LA"])
def test_label_in_colours_is_refused(tmp_path, mode):
    Image.fromarray(picture(8, 8)).convert(mode).save(tmp_path / "a.png")
    with pytest.raises(ValueError, match=r"a\.png is a PNG of type .*convert its colours"):
        read_label(tmp_path / "a.png")


def test_label_as_jpeg_is_refused(tmp_path):
    file = write(tmp_path / "a.jpg", blocks(16, 16, 3))
    with pytest.raises(ValueError, match=r"data\.lossy_labels=nearest"):
        read_label(file)


def test_missing_and_empty_files_are_named(tmp_path):
    (tmp_path / "empty.png").touch()
    for read in (read_image, read_label):
        with pytest.raises(ValueError, match=r"gone\.png cannot be read: No such file"):
            read(tmp_path / "gone.png")
        with pytest.raises(ValueError, match=r"empty\.png is empty"):
            read(tmp_path / "empty.png")


def test_flipped_bytes_in_labels_never_pass(tmp_path):
    file = write(tmp_path / "a.png", blocks(64, 64, 11))
    good = file.read_bytes()
    rng = np.random.default_rng(0)
    for _ in range(100):
        bad = bytearray(good)
        bad[rng.integers(len(bad))] ^= int(rng.integers(1, 256))
        file.write_bytes(bad)
        with pytest.raises(ValueError, match=r"label|damaged|truncated|no JPEG"):
            read_label(file)


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "bmp"])
def test_truncated_images_never_pass(tmp_path, suffix):
    file = write(tmp_path / f"a.{suffix}", picture(64, 64))
    good = file.read_bytes()
    for length in np.linspace(0, len(good) - 1, 30).astype(int):
        file.write_bytes(good[:length])
        with pytest.raises(ValueError, match=r"truncated|empty|no JPEG|damaged"):
            read_image(file)


def test_huge_images_are_refused_before_decoding(tmp_path):
    side = 30_000
    rows = zlib.compress(bytes(1 + side) * 4)  # by far too few: decoding would fail
    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    parts = [(b"IHDR", header), (b"IDAT", rows), (b"IEND", b"")]
    chunks = [
        len(body).to_bytes(4) + kind + body + zlib.crc32(kind + body).to_bytes(4)
        for kind, body in parts
    ]
    file = tmp_path / "bomb.png"
    file.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(chunks))
    for read in (read_image, read_label):
        with pytest.raises(ValueError, match=r"30000 x 30000 pixels, more than data.max_pixels"):
            read(file)
    with pytest.raises(ValueError, match=r"more than data\.max_pixels=99"):
        read_image(write(tmp_path / "b.png", picture(10, 10)), max_pixels=99)


def test_pixels_that_do_not_decode_are_damage(tmp_path):
    file = write(tmp_path / "a.bmp", picture(16, 16))
    data = bytearray(file.read_bytes())
    data[28:30] = b"\x63\0"  # 99 bits a pixel
    file.write_bytes(data)
    with pytest.raises(ValueError, match=r"a\.bmp is damaged and cannot be decoded"):
        read_image(file)
