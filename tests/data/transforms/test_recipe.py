"""The released pipelines (spec C.1), stated step by step in plain numpy, against ours."""

import math

import cv2
import numpy as np
import pytest
from written import blocks, picture

from segadapt.data.transforms.crop import CatMaxRatioCrop
from segadapt.data.transforms.photometric import Draws, distorted, draw
from segadapt.data.transforms.pipelines import EvalTransform, TrainTransform
from segadapt.data.transforms.resize import RandomRatioResize
from segadapt.data.transforms.sizes import fitted

MEAN = np.array([123.675, 116.28, 103.53])
STD = np.array([58.395, 57.12, 57.375])

RECIPES = {
    "ade20k, coco-stuff, voc": ((512, 512), (2048, 512)),
    "pascal-context": ((480, 480), (520, 520)),
    "cityscapes": ((512, 1024), (2048, 1024)),
}

SHAPES = [(h, w) for h in (96, 375, 427, 512, 683, 1024) for w in (97, 500, 640, 2048)]
GRID = [(h, w, r) for h, w in SHAPES for r in (0.5, 0.7312, 1.0, 1.499, 1.9999)]


# ---- each step, in plain numpy


def new_size(height, width, long, short):
    """Step 2: the largest size of the same shape within a long and a short side."""
    factor = min(long / max(height, width), short / min(height, width))
    return int(height * factor + 0.5), int(width * factor + 0.5)


def bilinear(image, size):
    """Pixel centres lie at halves; what lies outside repeats the border."""
    for axis, length in enumerate(size):
        place = (np.arange(length) + 0.5) * image.shape[axis] / length - 0.5
        low = np.floor(place).astype(int)
        shape = [1, 1, 1]
        shape[axis] = length
        weight = (place - low).reshape(shape)
        last = image.shape[axis] - 1
        one, two = (np.take(image, np.clip(low + k, 0, last), axis).astype(float) for k in (0, 1))
        image = one * (1 - weight) + two * weight
    return image


def nearest(mask, size):
    rows, columns = (
        np.floor(np.arange(n) * (1 / (n / side))).astype(int)  # divided as the library does
        for n, side in zip(size, mask.shape, strict=True)
    )
    return mask[rows[:, None], columns]


def acceptable(mask):
    """Step 3."""
    values, counts = np.unique(mask[mask != 255], return_counts=True)
    return len(values) > 1 and counts.max() / counts.sum() < 0.75


def to_hsv(rgb):
    """Hue in units of two degrees, saturation and value as bytes."""
    rgb = rgb.astype(float)
    value, spread = rgb.max(-1), np.ptp(rgb, -1)
    safe = np.where(spread == 0, 1, spread)
    red, green, blue = (rgb[..., k] for k in range(3))
    hue = np.select(
        [spread == 0, value == red, value == green],
        [np.zeros_like(value), (green - blue) / safe, 2 + (blue - red) / safe],
        4 + (red - green) / safe,
    )
    saturation = 255 * spread / np.where(value == 0, 1, value)
    return np.rint(np.stack([30 * hue % 180, saturation, value], -1)) % [180, 256, 256]


def to_rgb(hsv):
    hue, saturation, value = hsv[..., 0] / 30, hsv[..., 1] / 255, hsv[..., 2]
    channels = []
    for offset in (5, 3, 1):
        turn = (offset + hue) % 6
        channels.append(value - value * saturation * np.clip(np.minimum(turn, 4 - turn), 0, 1))
    return np.rint(np.stack(channels, -1))


def clipped(values):
    """After every step: to bytes, without rounding."""
    return np.trunc(np.clip(values, 0, 255))


def jittered(image, draws):
    """Step 5."""
    image = image.astype(np.float32)  # as the release counts
    if draws.brightness is not None:
        image = clipped(image + np.float32(draws.brightness))
    if draws.contrast is not None and draws.contrast_first:
        image = clipped(image * np.float32(draws.contrast))
    if draws.saturation is not None:
        hsv = to_hsv(image)
        hsv[..., 1] = clipped(hsv[..., 1] * np.float32(draws.saturation))
        image = to_rgb(hsv)
    if draws.hue is not None:
        hsv = to_hsv(image)
        hsv[..., 0] = (hsv[..., 0] + draws.hue) % 180
        image = to_rgb(hsv)
    if draws.contrast is not None and not draws.contrast_first:
        image = clipped(image * np.float32(draws.contrast))
    return image


def finished(image, mask, crop):
    """Steps 6 and 7: normalised, then padded with the mean colour and with ignored pixels."""
    pixels = np.zeros((*crop, 3))
    labels = np.full(crop, 255)
    height, width = mask.shape
    pixels[:height, :width] = (image - MEAN) / STD
    labels[:height, :width] = mask
    return pixels.transpose(2, 0, 1), labels


# ---- step by step


@pytest.mark.parametrize("recipe", RECIPES)
def test_sizes_over_a_grid_of_shapes_and_ratios(recipe):
    _, (a, b) = RECIPES[recipe]
    for height, width, ratio in GRID:
        target = int(ratio * a), int(ratio * b)
        found = fitted((height, width), target)
        assert found == new_size(height, width, max(target), min(target))
        assert max(found) <= max(target)
        assert min(found) <= min(target)
        assert abs(found[0] * width - found[1] * height) <= (height + width) / 2 + 1  # same shape


def test_known_sizes_of_test_images():
    assert fitted((512, 683), (2048, 512)) == (512, 683)
    assert fitted((256, 256), (2048, 512)) == (512, 512)
    assert fitted((375, 500), (520, 520)) == (390, 520)  # the long side, not the short one
    assert fitted((200, 1000), (2048, 512)) == (410, 2048)
    assert fitted((1024, 2048), (2048, 1024)) == (1024, 2048)


@pytest.mark.parametrize("shape", [(37, 53), (64, 48), (20, 91)])
@pytest.mark.parametrize("ratio", [0.5, 0.813, 1.0, 1.37, 1.99])
def test_image_and_label_are_interpolated_as_stated(shape, ratio):
    image, mask = picture(*shape), blocks(*shape, 9)
    step = RandomRatioResize((80, 48), (ratio, ratio))
    found = step(image=image, mask=mask)
    size = new_size(*shape, int(ratio * 80), int(ratio * 48))
    assert found["mask"].shape == size
    np.testing.assert_array_equal(found["mask"], nearest(mask, size))
    # The library counts in fixed point: never more than a grey level beside the exact value.
    assert np.abs(found["image"] - bilinear(image, size)).max() <= 1


def test_crops_of_equal_places_have_the_stated_distribution():
    """Against the retry rule in exact arithmetic: places that are refused come last resort only."""
    mask = np.zeros((20, 20), np.uint8)
    mask[:, 14:] = 1
    size, draws = 12, 3000
    margin = 20 - size + 1
    good = np.array([acceptable(mask[:size, left : left + size]) for left in range(margin)])
    refused = 1 - good.mean()
    # Accepted within ten draws, or the eleventh whatever it is.
    chance = good / good.sum() * (1 - refused**10) + refused**10 / margin
    step = CatMaxRatioCrop((size, size))
    step.set_random_seed(0)
    counts = np.zeros(margin)
    columns = np.tile(np.arange(20, dtype=np.uint8), (20, 1))
    for _ in range(draws):
        place = step.get_params_dependent_on_data({"shape": (20, 20)}, {"mask": mask})["window"]
        counts[columns[0, place.left]] += 1
    assert np.abs(counts - draws * chance).max() < 5 * math.sqrt(draws / 4)


def test_crops_that_are_hard_to_find_are_given_up_after_ten_refusals():
    mask = np.zeros((30, 30), np.uint8)
    mask[20:, 20:] = 1
    size, draws = 12, 1200
    places = [(t, x) for t in range(19) for x in range(19)]
    good = np.mean([acceptable(mask[t : t + size, x : x + size]) for t, x in places])
    step = CatMaxRatioCrop((size, size))
    step.set_random_seed(1)
    found = [acceptable(step(image=np.dstack([mask] * 3), mask=mask)["mask"]) for _ in range(draws)]
    expected = 1 - (1 - good) ** 11
    assert 0.05 < expected < 0.95
    assert abs(np.mean(found) - expected) < 5 * math.sqrt(expected * (1 - expected) / draws)


def test_a_ratio_of_one_refuses_nothing():
    mask = np.zeros((40, 40), np.uint8)
    mask[39, 39] = 1
    step = CatMaxRatioCrop((8, 8), cat_max_ratio=1.0)
    step.set_random_seed(3)
    window = step.get_params_dependent_on_data({"shape": (40, 40)}, {"mask": mask})["window"]
    rng = np.random.default_rng(3)
    assert (window.top, window.left) == (rng.integers(33), rng.integers(33))


COLOURS = [
    Draws(21.3, None, True, None, None),
    Draws(-31.9, None, True, None, None),
    Draws(None, 1.4, True, None, None),
    Draws(None, 0.6, False, None, None),
    Draws(12.5, 0.7, True, None, None),
    Draws(-12.5, 1.45, False, None, None),
]


@pytest.mark.parametrize("draws", COLOURS)
def test_brightness_and_contrast_are_exact(draws):
    image = np.random.default_rng(0).integers(256, size=(40, 40, 3), dtype=np.uint8)
    np.testing.assert_array_equal(distorted(image, draws), jittered(image, draws))


@pytest.mark.parametrize("factor", [0.5, 0.83, 1.21, 1.5])
def test_saturation_agrees_but_for_rounding(factor):
    image = picture(48, 48)
    draws = Draws(None, None, True, factor, None)
    difference = np.abs(distorted(image, draws) - jittered(image, draws))
    assert difference.max() <= 6  # both conversions round; half a step of hue is 1/60 of the spread
    assert difference.mean() < 0.4


@pytest.mark.parametrize("hue", range(-18, 18, 5))
def test_hue_agrees_but_for_rounding(hue):
    image = picture(48, 48)
    draws = Draws(None, None, True, None, hue)
    difference = np.abs(distorted(image, draws) - jittered(image, draws))
    assert difference.max() <= 6
    assert difference.mean() < 0.5


# ---- all steps together, from the same random numbers


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("shape", [(60, 90), (90, 40), (33, 33)])
def test_the_whole_training_pipeline(seed, shape):
    image, mask = picture(*shape, seed=seed), blocks(*shape, 4, seed=seed)
    mask[:5] = 255
    crop, scale = (40, 48), (120, 48)
    pixels, labels = TrainTransform(crop, scale)(image, mask, np.random.default_rng(seed))

    rng = np.random.default_rng(seed)
    rng.integers(2**63)  # what the flip is drawn from
    ratio = rng.uniform(0.5, 2.0)
    size = new_size(*shape, int(ratio * 120), int(ratio * 48))
    image = cv2.resize(image, size[::-1], interpolation=cv2.INTER_LINEAR)
    mask = nearest(mask, size)
    image, mask = cropped(image, mask, crop, rng)
    draws = draw(rng)
    candidates = []
    for step in (1, -1):  # not mirrored, mirrored
        expected = distorted(np.ascontiguousarray(image[:, ::step]), draws)
        candidates.append(finished(expected, mask[:, ::step], crop))
    errors = [np.abs(pixels.numpy() - expected).max() for expected, _ in candidates]
    best = int(np.argmin(errors))
    assert errors[best] < 1e-5
    np.testing.assert_array_equal(labels, candidates[best][1])


def cropped(image, mask, crop, rng):
    """Steps 3: draw, and draw again up to ten times; smaller images stay smaller."""
    height, width = (min(side, limit) for side, limit in zip(mask.shape, crop, strict=True))
    for refusals in range(11):
        top = rng.integers(mask.shape[0] - height + 1)
        left = rng.integers(mask.shape[1] - width + 1)
        window = slice(top, top + height), slice(left, left + width)
        if refusals == 10 or acceptable(mask[window]):
            return image[window], mask[window]
    raise AssertionError


@pytest.mark.parametrize("recipe", RECIPES)
@pytest.mark.parametrize("multiple", [None, 32])
@pytest.mark.parametrize("shape", [(94, 125), (171, 128), (32, 200)])
def test_the_whole_test_pipeline(recipe, multiple, shape):
    image, mask = picture(*shape), blocks(*shape, 5)
    _, scale = RECIPES[recipe]
    pixels, labels = EvalTransform(scale, multiple)(image, mask, np.random.default_rng(0))
    size = new_size(*shape, max(scale), min(scale))
    expected = cv2.resize(image, size[::-1], interpolation=cv2.INTER_LINEAR)
    if multiple is not None:
        size = tuple(math.ceil(side / multiple) * multiple for side in size)
        expected = cv2.resize(expected, size[::-1], interpolation=cv2.INTER_LINEAR)
    assert pixels.shape == (3, *size)
    normalised = (expected - MEAN) / STD
    np.testing.assert_allclose(pixels, normalised.transpose(2, 0, 1), atol=1e-5)
    np.testing.assert_array_equal(labels, mask)
