"""Image files that were made to take a training down, or that nobody reads as they are."""

import os
import struct
import zlib

import cv2
import numpy as np
import pytest
from written import blocks, picture, write

from segadapt.data.checks.quick_check import look_at
from segadapt.data.datasets.folder import Folder
from segadapt.data.files.decode import read_image
from segadapt.data.files.image_headers import Head, read_size
from segadapt.data.files.label_files import read_label
from segadapt.data.transforms.pipelines import EvalTransform
from segadapt.text.regular_files import read_regular


def png_of(height, width, data=b""):
    """A PNG whose header promises more than it holds."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    parts = [(b"IHDR", header), (b"IDAT", zlib.compress(data)), (b"IEND", b"")]
    chunks = [
        len(body).to_bytes(4) + kind + body + zlib.crc32(kind + body).to_bytes(4)
        for kind, body in parts
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def with_second_frame(jpeg, size, before_scan):
    """A JPEG with another frame header, before or after the one that decoders believe."""
    frame = jpeg.index(b"\xff\xc0")
    length = 2 + int.from_bytes(jpeg[frame + 2 : frame + 4])
    small = bytearray(jpeg[frame : frame + length])
    small[5:9] = struct.pack(">HH", *size)
    place = jpeg.index(b"\xff\xda") if before_scan else len(jpeg) - 2
    return jpeg[:place] + bytes(small) + jpeg[place:]


@pytest.mark.parametrize("before_scan", [True, False])
def test_the_first_frame_of_a_jpeg_decides_about_its_size(tmp_path, before_scan):
    file = write(tmp_path / "a.jpg", picture(64, 96))
    file.write_bytes(with_second_frame(file.read_bytes(), (8, 8), before_scan))
    assert read_size(file.read_bytes(), "a") == (64, 96)
    assert Head(file).size() == (64, 96)
    with pytest.raises(ValueError, match=r"a\.jpg has 64 x 96 pixels, more than data\.max_pixels"):
        read_image(file, max_pixels=1000)


def test_a_marker_without_a_segment_hides_no_frame(tmp_path):
    data = bytearray(write(tmp_path / "a.jpg", picture(64, 96)).read_bytes())
    frame = data.index(b"\xff\xc0")
    hidden = bytes(data[:frame]) + b"\xff\x01" + bytes(data[frame:])
    assert read_size(hidden, "a") == (64, 96)


@pytest.mark.parametrize("read", [read_image, read_label])
def test_what_opencv_refuses_by_itself_is_told_in_a_sentence(tmp_path, read):
    file = tmp_path / "a.png"
    file.write_bytes(png_of(65_500, 65_500))
    with pytest.raises(ValueError, match=r"a\.png cannot be decoded by OpenCV at 65500 x 65500"):
        read(file, max_pixels=10**10)


@pytest.mark.parametrize("read", [read_image, read_label, Head, read_regular])
def test_pipes_devices_and_folders_are_refused_at_once(tmp_path, read):
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "device.png").symlink_to("/dev/zero")
    (tmp_path / "folder.png").mkdir()
    for name in ("pipe", "device", "folder"):
        with pytest.raises(ValueError, match=rf"{name}\.png is not a regular file"):
            read(tmp_path / f"{name}.png")


def folder(root, image, **more):
    write(root / "train/images/a.png", image)
    write(root / "train/labels/a.png", blocks(24, 32, 3))
    return Folder(root, "train", EvalTransform(), ["a", "b", "c"], "", **more)


def test_levels_that_would_be_lost_are_refused_before_the_first_step(tmp_path):
    grey = picture(24, 32)[..., 0].astype(np.uint16)
    cases = {"twelve": grey * 16, "full": grey * 256 + 7}
    for name, image in cases.items():
        dataset = folder(tmp_path / name, image)
        with pytest.raises(ValueError, match=r"a\.png has 16 bits per channel \(values \d+ to"):
            dataset[0]
        with pytest.raises(ValueError, match="16 bits per channel"):
            look_at({"training": dataset}, tmp_path / "cache")
    assert look_at({"training": folder(tmp_path / "eight", grey * 257)}, tmp_path / "cache")


def test_a_jpeg_of_12_bits_is_named(tmp_path):
    data = bytearray(write(tmp_path / "a.jpg", picture(24, 32)).read_bytes())
    data[data.index(b"\xff\xc0") + 4] = 12
    (tmp_path / "a.jpg").write_bytes(data)
    with pytest.raises(ValueError, match=r"a\.jpg is a JPEG of 12 bits per channel"):
        read_image(tmp_path / "a.jpg")


def test_an_old_bmp_has_the_size_that_opencv_decodes(tmp_path):
    data = write(tmp_path / "a.bmp", picture(16, 24)).read_bytes()
    pixels = data[54:]
    core = struct.pack("<IHHHH", 12, 24, 16, 1, 24)
    header = b"BM" + struct.pack("<IHHI", 26 + len(pixels), 0, 0, 26)
    (tmp_path / "a.bmp").write_bytes(header + core + pixels)
    assert read_size((tmp_path / "a.bmp").read_bytes(), "a") == (16, 24)
    theirs = cv2.imread(str(tmp_path / "a.bmp"))[..., ::-1]
    np.testing.assert_array_equal(read_image(tmp_path / "a.bmp"), theirs)
