"""Images from files, Pillow, arrays and tensors; Pillow is the witness."""

import numpy as np
import pytest
import torch
from deployed import scene
from PIL import Image, ImageOps

from segadapt.deployment.inputs.images import is_one, read_one


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp"])
def test_photographs_are_turned_as_pillow_turns_them(tmp_path, orientation, suffix):
    exif = Image.Exif()
    exif[0x0112] = orientation
    file = tmp_path / f"photo{suffix}"
    Image.fromarray(scene(24, 40)).save(file, exif=exif, lossless=True)
    with Image.open(file) as opened:
        expected = np.asarray(ImageOps.exif_transpose(opened).convert("RGB"))
        from_pillow = read_one(opened).pixels
    found = read_one(file).pixels
    assert found.shape == expected.shape
    assert np.abs(found.astype(int) - expected).max() <= 3  # decoders round JPEGs differently
    np.testing.assert_array_equal(from_pillow, expected)


def test_all_ways_to_give_an_image_agree(tmp_path):
    pixels = scene(20, 30)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    planes = torch.from_numpy(pixels).permute(2, 0, 1)
    alpha = np.concatenate([pixels, np.full((20, 30, 1), 7, np.uint8)], axis=2)
    for given in (
        tmp_path / "a.png",
        str(tmp_path / "a.png"),
        Image.fromarray(pixels),
        pixels,
        alpha,
        planes,
        planes / 255,
    ):
        np.testing.assert_array_equal(read_one(given).pixels, pixels)


def test_grey_becomes_rgb():
    grey = scene(8, 9)[..., 0]
    for given in (grey, grey[..., None], Image.fromarray(grey), torch.from_numpy(grey)[None]):
        np.testing.assert_array_equal(read_one(given).pixels, np.stack([grey] * 3, axis=2))


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ("https://example.org/a.jpg", "is a URL, .* download it first"),
        ("nowhere.jpg", r"nowhere\.jpg cannot be read: No such file"),
        (".", "is a folder; .* segadapt predict images="),
        (np.zeros((4, 5, 3)), "an array of float64 and shape .* is not an image; give uint8"),
        (np.zeros((3, 4, 5), np.uint8), r"shape \(3, 4, 5\) is not an image"),
        (torch.zeros(4, 5, 3), r"a tensor of shape \(4, 5, 3\) is not an image"),
        (torch.full((3, 4, 5), -2.0), "values from -2 to -2 .*not normalised"),
        (Image.new("I", (4, 5)), "mode I, more than 8 bits"),
        (7, "int is not an image; pass a path"),
        (b"\x89PNG", "bytes is not an image; pass a path"),
        (np.zeros((0, 5, 3), np.uint8), "has 0 x 5 pixels"),
    ],
)
def test_what_is_not_an_image_gets_a_sentence(given, sentence):
    with pytest.raises(ValueError, match=sentence):
        read_one(given)


def test_large_images_are_refused_with_the_option_that_allows_them(tmp_path):
    Image.fromarray(scene(20, 30)).save(tmp_path / "a.png")
    for given in (tmp_path / "a.png", scene(20, 30), Image.fromarray(scene(20, 30))):
        with pytest.raises(ValueError, match=r"20 x 30 pixels.* max_pixels=599"):
            read_one(given, 599)


def test_a_batch_of_arrays_is_not_one_image():
    assert is_one("a.jpg")
    assert is_one(b"\x89PNG")
    assert is_one(np.zeros((4, 5, 3)))
    assert not is_one(np.zeros((2, 4, 5, 3)))
    assert not is_one(["a.jpg"])
