import numpy as np
import pytest
from written import blocks, picture

from segadapt.data.transforms.resize import RandomRatioResize
from segadapt.data.transforms.sizes import fitted, rounded_up


def rescaled(height, width, scale):
    """Spec C.1, step 2: the factor by which both sides fit, and its rounding."""
    long_edge, short_edge = max(scale), min(scale)
    factor = min(long_edge / max(height, width), short_edge / min(height, width))
    return int(height * factor + 0.5), int(width * factor + 0.5)


SHAPES = [(h, w) for h in (97, 360, 512, 683, 1024) for w in (128, 333, 480, 1000, 2048)]


@pytest.mark.parametrize("scale", [(2048, 512), (512, 2048), (520, 520), (2048, 1024), (480, 360)])
def test_sizes_are_those_of_the_recipe(scale):
    for shape in SHAPES:
        assert fitted(shape, scale) == rescaled(*shape, scale)


def test_known_sizes():
    assert fitted((512, 683), (2048, 512)) == (512, 683)
    assert fitted((375, 500), (520, 520)) == (390, 520)  # the long side limits
    assert fitted((1024, 2048), (2048, 1024)) == (1024, 2048)
    assert fitted((1, 1000), (100, 100)) == (1, 100)  # never nothing


def test_ratios_are_uniform_and_truncated_before_the_fit():
    resize = RandomRatioResize((400, 100), (0.5, 2.0))
    resize.set_random_seed(0)
    image, mask = picture(100, 200), blocks(100, 200, 4)
    heights = []
    for _ in range(400):
        found = resize(image=image, mask=mask)
        assert found["image"].shape[:2] == found["mask"].shape
        heights.append(found["mask"].shape[0])
    ratios = np.array(
        [
            rescaled(100, 200, (int(r * 400), int(r * 100)))[0]
            for r in np.random.default_rng(0).uniform(0.5, 2.0, 400)
        ]
    )
    np.testing.assert_array_equal(heights, ratios)


def test_labels_are_never_mixed():
    resize = RandomRatioResize((90, 90), (0.5, 2.0))
    mask = np.where(blocks(60, 80, 2) == 1, 7, 200).astype(np.uint8)
    for seed in range(10):
        resize.set_random_seed(seed)
        assert set(np.unique(resize(image=picture(60, 80), mask=mask)["mask"])) == {7, 200}


def test_image_is_bilinear_and_label_nearest():
    resize = RandomRatioResize((16, 16), (2.0, 2.0))
    image = np.zeros((16, 16, 3), np.uint8)
    image[:, 8:] = 200
    mask = (image[..., 0] // 200).astype(np.uint8)
    found = resize(image=image, mask=mask)
    # Twice the size: pixel centres lie a quarter of a pixel beside the old ones.
    np.testing.assert_array_equal(found["image"][0, 14:18, 0], [0, 50, 150, 200])
    np.testing.assert_array_equal(found["mask"][0, 14:18], [0, 0, 1, 1])


def test_rounding_up_never_makes_smaller():
    for height in range(1, 200):
        found = rounded_up((height, 683), 32)
        assert found == (32 * -(-height // 32), 704)
    assert rounded_up((512, 704), 32) == (512, 704)
