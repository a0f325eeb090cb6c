import numpy as np
import pytest
from PIL import Image
from written import picture

from segadapt.data.files.image_headers import read_size

FORMATS = [
    ("jpg", {}),
    ("jpg", {"progressive": True}),
    ("jpg", {"restart_marker_blocks": 1}),
    ("png", {}),
    ("bmp", {}),
    ("webp", {}),
    ("webp", {"lossless": True}),
    ("webp", {"exif": b"Exif\0\0MM\0*\0\0\0\x08\0\0"}),  # the extended kind
]


@pytest.mark.parametrize(("suffix", "options"), FORMATS)
@pytest.mark.parametrize("size", [(1, 1), (17, 300), (300, 17)])
def test_size_is_the_one_written(tmp_path, suffix, options, size):
    file = tmp_path / f"a.{suffix}"
    Image.fromarray(picture(*size)).save(file, **options)
    assert read_size(file.read_bytes(), "a") == size


@pytest.mark.parametrize(("suffix", "options"), FORMATS)
def test_truncation_is_named(tmp_path, suffix, options):
    file = tmp_path / f"a.{suffix}"
    Image.fromarray(picture(32, 48)).save(file, **options)
    data = file.read_bytes()
    for length in np.linspace(31, len(data) - 1, 20).astype(int):
        with pytest.raises(ValueError, match="a is truncated"):
            read_size(data[:length], "a")


def test_a_thumbnail_does_not_end_a_jpeg(tmp_path):
    for name, size in (("thumbnail", (8, 8)), ("large", (64, 64))):
        Image.fromarray(picture(*size)).save(tmp_path / f"{name}.jpg")
    thumbnail = (tmp_path / "thumbnail.jpg").read_bytes()
    large = (tmp_path / "large.jpg").read_bytes()
    segment = b"\xff\xe1" + (len(thumbnail) + 2).to_bytes(2) + thumbnail
    assert read_size(large[:2] + segment + large[2:], "a") == (64, 64)
    with pytest.raises(ValueError, match="truncated"):
        read_size(large[:2] + segment + large[2:-2], "a")


def test_what_follows_the_end_of_a_jpeg_does_not_matter(tmp_path):
    Image.fromarray(picture(32, 48)).save(tmp_path / "a.jpg")
    appended = bytes(range(256)) * 40 + b"\xff\xda"
    assert read_size((tmp_path / "a.jpg").read_bytes() + appended, "a") == (32, 48)


@pytest.mark.parametrize(
    ("data", "words"),
    [(b"", r"empty \(0 bytes\)"), (b"GIF89a", "not a JPEG"), (b"text", "not a JPEG")],
)
def test_other_files_are_refused(data, words):
    with pytest.raises(ValueError, match=words):
        read_size(data, "a")
