"""JPEGs decoded at a fraction of their size: same draws, same labels, nearly the same pixels."""

import cv2
import numpy as np
import pytest
from written import blocks, picture, write

from segadapt.data.datasets.folder import Folder
from segadapt.data.files.decode import read_image
from segadapt.data.transforms.pipelines import EvalTransform, TrainTransform
from segadapt.data.transforms.region import CropWindow, bilinear_region
from segadapt.data.transforms.sizes import fitted

HEIGHT, WIDTH = 301, 403


def folder(root, reduced, **options):
    """One image of a smooth picture, much larger than what is trained on."""
    if not root.exists():
        sharp = picture(HEIGHT, WIDTH)
        smooth = cv2.GaussianBlur(sharp, (0, 0), 3)
        write(root / "train/images/a.jpg", smooth, quality=95)
        write(root / "train/labels/a.png", blocks(HEIGHT, WIDTH, 3))
    scale = {"scale": (100, 80), "ratio_range": (0.5, 2.0), **options}
    transform = TrainTransform((48, 48), **scale, reduced_decoding=reduced)
    return Folder(root, "train", transform, ["a", "b", "c"], root)


def test_draws_and_labels_are_those_of_whole_images_and_pixels_nearly(tmp_path):
    whole, reduced = (
        folder(tmp_path / "set", switch, photometric=False) for switch in (False, True)
    )
    for position in range(12):
        expected, found = whole[(position, 0)], reduced[(position, 0)]
        np.testing.assert_array_equal(found.mask, expected.mask)
        difference = 58 * (found.image - expected.image).abs()  # about grey levels
        assert difference.mean() < 2.5
        assert difference.max() < 20
    assert difference.max() > 0  # so that the switch does something


@pytest.mark.parametrize("divisor", [2, 4, 8])
def test_a_reduced_pixel_is_the_mean_of_a_square(tmp_path, divisor):
    smooth = cv2.GaussianBlur(picture(160, 240), (0, 0), 2)
    file = write(tmp_path / "a.jpg", smooth, quality=100, subsampling=0)
    found = read_image(file, reduction=lambda size: divisor)
    expected = cv2.resize(read_image(file), None, None, 1 / divisor, 1 / divisor, cv2.INTER_AREA)
    assert found.shape == expected.shape
    assert np.abs(found.astype(int) - expected).mean() < 1
    assert np.abs(found.astype(int) - expected).max() <= 6


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
def test_only_jpegs_are_reduced(tmp_path, suffix):
    file = write(tmp_path / f"a{suffix}", picture(31, 21))
    size = read_image(file, reduction=lambda size: 4).shape
    assert size == ((8, 6, 3) if suffix == ".jpg" else (31, 21, 3))


def test_what_is_left_is_never_smaller_than_what_is_wanted():
    transform = TrainTransform((512, 512), (2048, 512), reduced_decoding=True)
    seen = set()
    for seed in range(40):
        size = (2000 + seed, 3001)
        divisor = transform.reduction(size, np.random.default_rng(seed))
        draw = np.random.default_rng(seed)
        draw.integers(2**63)  # of the flips
        ratio = draw.uniform(0.5, 2)
        wanted = fitted(size, (int(ratio * 2048), int(ratio * 512)))
        possible = [
            d
            for d in (1, 2, 4, 8)
            if all(d * new <= old for new, old in zip(wanted, size, strict=True))
        ]
        assert divisor == max(possible)
        seen.add(divisor)
    assert seen == {1, 2, 4}


def test_the_switch_is_off_unless_asked_for():
    size, draw = (3000, 4000), np.random.default_rng
    assert TrainTransform((8, 8), (64, 64)).reduction(size, draw(0)) == 1
    assert TrainTransform((8, 8), (64, 64), reduced_decoding=True).reduction(size, draw(0)) == 8
    assert EvalTransform((64, 64)).reduction(size, draw(0)) == 1


@pytest.mark.parametrize("divisor", [2, 4, 8])
def test_sides_that_cannot_be_divided_shift_nothing(divisor):
    """A wave known at every point, reduced exactly, then resized: no pixel is out of place."""
    before = (203, 341)
    reduced = [-(-side // divisor) for side in before]

    def wave(y, x):
        return 128 + 50 * np.sin(y / 41) + 50 * np.cos(x / 37)

    def centers(number, scale):
        return (np.arange(number) + 0.5) * scale - 0.5

    image = wave(centers(reduced[0], divisor)[:, None], centers(reduced[1], divisor))
    image = np.repeat(image.round().astype(np.uint8)[..., None], 3, 2)
    size = (20, 34)
    window = CropWindow(3, 5, 16, 28)
    found = bilinear_region(image, size, window, (before[0] / divisor, before[1] / divisor))
    rows, columns = (centers(n, old / n) for n, old in zip(size, before, strict=True))
    expected = wave(rows[:, None], columns)[3:19, 5:33]
    assert np.abs(found[..., 0] - expected).max() < 2.5


def test_a_label_of_another_size_is_still_an_error(tmp_path):
    dataset = folder(tmp_path / "set", True)
    write(tmp_path / "set/train/labels/a.png", blocks(HEIGHT, WIDTH + 8, 3))
    for position in range(4):
        with pytest.raises(ValueError, match="both must have the same size"):
            dataset[(position, 0)]
