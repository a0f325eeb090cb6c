"""A region that is resized alone, against OpenCV resizing everything and cropping then."""

import cv2
import numpy as np
import pytest
from written import blocks, picture

from segadapt.data.transforms.crop import CatMaxRatioCrop
from segadapt.data.transforms.region import CropWindow, bilinear_region, nearest_region
from segadapt.data.transforms.resize import RandomRatioResize
from segadapt.data.transforms.resized_crop import ResizedCrop


def cases(number, limit=300):
    """Shapes, sizes after the resize and windows; the last quarter at ratios of small numbers."""
    rng = np.random.default_rng(0)
    for i in range(number):
        shape = tuple(int(side) for side in rng.integers(3, limit, 2))
        ratio = rng.uniform(0.1, 3) if i % 4 else rng.choice([0.25, 0.5, 2 / 3, 1, 1.5, 2, 3])
        size = tuple(max(int(side * ratio + 0.5), 1) for side in shape)
        height, width = (int(rng.integers(1, side + 1)) for side in size)
        top, left = rng.integers(size[0] - height + 1), rng.integers(size[1] - width + 1)
        yield shape, size, CropWindow(int(top), int(left), height, width)


def of_whole(array, size, window, interpolation):
    return window.of(cv2.resize(array, size[::-1], interpolation=interpolation))


def test_labels_are_exactly_those_of_the_whole():
    for shape, size, window in cases(400):
        mask = np.random.default_rng(1).integers(256, size=shape, dtype=np.uint8)
        expected = of_whole(mask, size, window, cv2.INTER_NEAREST)
        np.testing.assert_array_equal(nearest_region(mask, size, window), expected)


def test_noise_at_full_contrast_differs_by_rounding():
    """The worst case: neighbours differ by up to 255, of which 1/256 may be in the wrong place."""
    unequal = []
    for shape, size, window in cases(400):
        image = np.random.default_rng(2).integers(256, size=(*shape, 3), dtype=np.uint8)
        expected = of_whole(image, size, window, cv2.INTER_LINEAR).astype(int)
        difference = np.abs(bilinear_region(image, size, window) - expected)
        assert difference.max() <= 2
        unequal.append((difference > 0).mean())
    assert np.mean(unequal) < 0.1


def test_pictures_are_equal_but_for_one_grey_level_in_some_pixels():
    unequal = []
    for shape, size, window in cases(100):
        image = picture(*shape)
        expected = of_whole(image, size, window, cv2.INTER_LINEAR).astype(int)
        difference = np.abs(bilinear_region(image, size, window) - expected)
        assert difference.max() <= 1
        unequal.append((difference > 0).mean())
    assert np.mean(unequal) < 0.02


@pytest.mark.parametrize("ratio", [0.5, 1.0, 2.0])
def test_whole_ratios_are_exact(ratio):
    image = np.random.default_rng(3).integers(256, size=(120, 200, 3), dtype=np.uint8)
    size = int(120 * ratio), int(200 * ratio)
    window = CropWindow(11, 23, 40, 64)
    expected = of_whole(image, size, window, cv2.INTER_LINEAR)
    np.testing.assert_array_equal(bilinear_region(image, size, window), expected)


def test_only_what_is_needed_is_resized(monkeypatch):
    resized = []
    resize = cv2.resize

    def counted(image, *rest, **named):
        found = resize(image, *rest, **named)
        resized.append(found.shape[0] * found.shape[1])
        return found

    monkeypatch.setattr(cv2, "resize", counted)
    rng = np.random.default_rng(4)
    image, needed = picture(512, 683), 0
    for ratio in rng.uniform(1, 2, 40):
        size = int(512 * ratio + 0.5), int(683 * ratio + 0.5)
        top, left = (int(rng.integers(side - 255)) for side in size)
        bilinear_region(image, size, CropWindow(top, left, 256, 256))
        needed += size[0] * size[1]
    assert sum(resized) < 0.25 * needed  # 256 x 256 alone would be 0.08


@pytest.mark.parametrize("seed", range(20))
def test_the_step_is_the_resize_and_then_the_crop(seed):
    """From the same random numbers, refused crops included."""
    image, mask = picture(90, 130), blocks(90, 130, 3, seed)
    mask[:60] = 1
    resize, crop = RandomRatioResize((160, 80)), CatMaxRatioCrop((40, 48))
    step = ResizedCrop(resize, crop)
    step.set_random_state(np.random.default_rng(seed), None)
    found = step(image=image, mask=mask)
    generator = np.random.default_rng(seed)
    for one in (resize, crop):
        one.set_random_state(generator, None)
    expected = crop(**resize(image=image, mask=mask))
    np.testing.assert_array_equal(found["mask"], expected["mask"])
    assert np.abs(found["image"].astype(int) - expected["image"]).max() <= 1
