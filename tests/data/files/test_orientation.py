import numpy as np
import pytest
from PIL import Image
from written import picture, write

from segadapt.data.files.decode import read_image
from segadapt.data.files.orientation import orientation


def turned(file, number):
    exif = Image.Exif()
    exif[0x010F] = "a maker of cameras"
    exif[0x0112] = number
    return write(file, picture(20, 30), exif=exif)


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp"])
@pytest.mark.parametrize("number", range(1, 9))
def test_what_pillow_writes_is_found(tmp_path, suffix, number):
    file = turned(tmp_path / f"a.{suffix}", number)
    assert orientation(file.read_bytes()) == number
    with Image.open(file) as image:
        assert image.getexif()[0x0112] == number


def test_both_byte_orders_are_read(tmp_path):
    for order in ("little", "big"):
        numbers = [42, 8, 0, 1, 0x0112, 3]
        sizes = [2, 4, 0, 2, 2, 2]
        block = {"little": b"II", "big": b"MM"}[order]
        block += b"".join(n.to_bytes(s, order) for n, s in zip(numbers, sizes, strict=True) if s)
        block += (1).to_bytes(4, order) + (6).to_bytes(2, order) + bytes(6)
        body = b"Exif\0\0" + block
        data = b"\xff\xd8\xff\xe1" + (len(body) + 2).to_bytes(2) + body + b"\xff\xd9"
        assert orientation(data) == 6


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "bmp"])
def test_files_without_it_are_upright(tmp_path, suffix):
    assert orientation(write(tmp_path / f"a.{suffix}", picture(9, 9)).read_bytes()) == 1


def test_damaged_blocks_say_nothing_and_end(tmp_path):
    good = turned(tmp_path / "a.jpg", 6).read_bytes()
    rng = np.random.default_rng(0)
    for length in range(0, 200, 3):
        assert 1 <= orientation(good[:length]) <= 8
    for _ in range(300):
        bad = bytearray(good)
        bad[rng.integers(2, 120)] ^= int(rng.integers(1, 256))
        assert 1 <= orientation(bytes(bad)) <= 8


def test_turned_images_are_refused_where_they_must_be_upright(tmp_path):
    file = turned(tmp_path / "a.jpg", 3)
    assert read_image(file).shape == (20, 30, 3)
    with pytest.raises(ValueError, match=r"a\.jpg is turned when shown \(EXIF orientation 3\)"):
        read_image(file, upright=True)
    assert read_image(turned(tmp_path / "b.jpg", 1), upright=True).shape == (20, 30, 3)
