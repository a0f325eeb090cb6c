import cv2
import numpy as np
import pytest
from written import picture

from segadapt.data.transforms.photometric import Draws, distorted, draw, in_brightness

NOTHING = Draws(None, None, True, None, None)


def convert(array, factor=1.0, offset=0.0):
    """Spec C.1, step 5: scale, shift, clip, truncate."""
    changed = array.astype(np.float32) * np.float32(factor) + np.float32(offset)
    return np.clip(changed, 0, 255).astype(np.uint8)


def recipe(rgb, draws):
    """The recipe step by step on whole arrays, in BGR as it was released."""
    image = np.ascontiguousarray(rgb[..., ::-1])
    if draws.brightness is not None:
        image = convert(image, offset=draws.brightness)
    if draws.contrast_first and draws.contrast is not None:
        image = convert(image, factor=draws.contrast)
    if draws.saturation is not None:
        hsv = cv2.cvtColor(image, cv2.COLOR_BGR2HSV)
        hsv[..., 1] = convert(hsv[..., 1], factor=draws.saturation)
        image = cv2.cvtColor(hsv, cv2.COLOR_HSV2BGR)
    if draws.hue is not None:
        hsv = cv2.cvtColor(image, cv2.COLOR_BGR2HSV)
        hsv[..., 0] = (hsv[..., 0].astype(int) + draws.hue) % 180
        image = cv2.cvtColor(hsv, cv2.COLOR_HSV2BGR)
    if not draws.contrast_first and draws.contrast is not None:
        image = convert(image, factor=draws.contrast)
    return image[..., ::-1]


@pytest.mark.parametrize("seed", range(40))
def test_output_for_given_draws_is_the_recipe(seed):
    rng = np.random.default_rng(seed)
    image = rng.integers(256, size=(24, 40, 3), dtype=np.uint8) if seed % 2 else picture(24, 40)
    draws = draw(rng)
    np.testing.assert_array_equal(distorted(image, draws), recipe(image, draws))


@pytest.mark.parametrize(
    ("draws", "before", "after"),
    [
        (NOTHING._replace(brightness=-32.0), (10, 100, 255), (0, 68, 223)),
        (NOTHING._replace(brightness=31.7), (10, 100, 255), (41, 131, 255)),
        (NOTHING._replace(contrast=1.5), (10, 101, 255), (15, 151, 255)),
        (NOTHING._replace(saturation=0.5), (200, 100, 100), (200, 151, 151)),  # S 127 becomes 63
        (NOTHING._replace(hue=-18), (255, 0, 0), (255, 0, 153)),  # 36 degrees towards magenta
    ],
)
def test_known_pixels(draws, before, after):
    found = distorted(np.full((2, 2, 3), before, dtype=np.uint8), draws)
    np.testing.assert_array_equal(found[0, 0], after)


def test_contrast_goes_before_or_after_the_colours():
    image = picture(16, 16)
    one = Draws(None, 1.5, True, 0.5, None)
    assert (distorted(image, one) != distorted(image, one._replace(contrast_first=False))).any()


def test_each_distortion_has_a_fair_coin_and_its_range():
    rng = np.random.default_rng(0)
    draws = [draw(rng) for _ in range(4000)]
    ranges = {"brightness": (-32, 32), "contrast": (0.5, 1.5), "saturation": (0.5, 1.5)}
    for name, (low, high) in ranges.items():
        values = np.array([v for d in draws if (v := getattr(d, name)) is not None])
        assert abs(len(values) - 2000) < 160  # 5 standard deviations
        assert low <= values.min() < low + 0.02 * (high - low)
        assert high - 0.02 * (high - low) < values.max() <= high
        assert abs(values.mean() - (low + high) / 2) < 0.03 * (high - low)
    hues = [d.hue for d in draws if d.hue is not None]
    assert abs(len(hues) - 2000) < 160
    assert set(hues) == set(range(-18, 18))
    assert abs(sum(d.contrast_first for d in draws) - 2000) < 160


def test_coins_do_not_depend_on_each_other():
    rng = np.random.default_rng(1)
    coins = np.array(
        [
            [value is None for value in (d[0], d[1], d[3], d[4])]
            for d in (draw(rng) for _ in range(4000))
        ]
    )
    correlation = np.corrcoef(coins.T) - np.eye(4)
    assert np.abs(correlation).max() < 0.08


@pytest.mark.parametrize("channels", [1, 2, 5])
def test_other_images_vary_in_brightness_and_contrast_alone(channels):
    generator = np.random.default_rng(1)
    image = generator.integers(0, 256, (6, 7, channels), dtype=np.uint8)
    draws = Draws(20.0, 0.75, True, 1.4, 7)
    expected = ((image / 255 + 20 / 255).clip(0, 1) * 0.75).clip(0, 1)
    np.testing.assert_allclose(in_brightness(image, draws) / 255, expected, atol=2 / 255)
    fractions = (image / 255).astype(np.float32)
    np.testing.assert_allclose(in_brightness(fractions, draws), expected, atol=1e-6)
    nothing = Draws(None, None, True, 1.4, 7)
    np.testing.assert_array_equal(in_brightness(image, nothing), image)
