from collections import Counter

import numpy as np
import pytest
from written import blocks, picture

from segadapt.data.transforms.crop import CatMaxRatioCrop, varied


def accepted(mask, ratio):
    """Spec C.1, step 3: more than one labelled class, none with the ratio or more."""
    counts = Counter(mask[mask != 255].ravel().tolist())
    return len(counts) > 1 and max(counts.values()) / sum(counts.values()) < ratio


def test_acceptance_is_the_recipe():
    rng = np.random.default_rng(0)
    for _ in range(500):
        mask = rng.choice([0, 1, 5, 254, 255], size=(6, 6), p=rng.dirichlet([0.3] * 5))
        assert varied(mask.astype(np.uint8), 0.75) == accepted(mask, 0.75)


def test_exactly_the_ratio_is_refused():
    mask = np.array([[0, 0, 0, 1], [255] * 4], dtype=np.uint8)
    assert not varied(mask, 0.75)
    assert varied(mask, 0.76)


@pytest.mark.parametrize("shape", [(40, 60), (20, 60), (60, 20), (10, 10), (32, 32)])
def test_smaller_images_stay_smaller(shape):
    crop = CatMaxRatioCrop((32, 32))
    crop.set_random_seed(0)
    found = crop(image=picture(*shape), mask=blocks(*shape, 5))
    expected = min(shape[0], 32), min(shape[1], 32)
    assert found["mask"].shape == found["image"].shape[:2] == expected


def replayed(mask, size, seed, ratio=0.75):
    """Draw, and draw again up to ten times: the recipe, from the same numbers."""
    rng = np.random.default_rng(seed)

    def draw():
        top = rng.integers(mask.shape[0] - size + 1)
        left = rng.integers(mask.shape[1] - size + 1)
        return mask[top : top + size, left : left + size]

    window = draw()
    for _ in range(10):
        if accepted(window, ratio):
            break
        window = draw()
    return window


@pytest.mark.parametrize("seed", range(30))
def test_refused_crops_are_drawn_again(seed):
    mask = np.zeros((80, 80), np.uint8)
    mask[60:, 60:] = 1  # few crops see it
    crop = CatMaxRatioCrop((24, 24))
    crop.set_random_seed(seed)
    found = crop(image=np.dstack([mask] * 3), mask=mask)
    np.testing.assert_array_equal(found["mask"], replayed(mask, 24, seed))
    np.testing.assert_array_equal(found["image"][..., 0], found["mask"])


def test_the_draw_after_ten_refusals_is_taken():
    image = np.arange(64 * 64, dtype=np.uint16).reshape(64, 64).view(np.uint8).reshape(64, 64, 2)
    mask = np.full((64, 64), 3, np.uint8)
    crop = CatMaxRatioCrop((8, 8))
    crop.set_random_seed(5)
    found = crop(image=np.dstack([image, mask]), mask=mask)["image"]
    rng = np.random.default_rng(5)
    corners = [(rng.integers(57), rng.integers(57)) for _ in range(11)]
    assert int(found[0, 0, :2].copy().view(np.uint16)[0]) == corners[-1][0] * 64 + corners[-1][1]


def test_corners_are_uniform():
    mask = (np.indices((12, 13)).sum(0) % 2).astype(np.uint8)  # every crop is varied
    rows, columns = np.indices((12, 13)).astype(np.uint8)
    crop = CatMaxRatioCrop((10, 10))
    crop.set_random_seed(0)
    corners = Counter()
    for _ in range(2400):
        corner = crop(image=np.dstack([rows, columns, rows]), mask=mask)["image"][0, 0]
        corners[int(corner[0]), int(corner[1])] += 1
    assert set(corners) == {(top, left) for top in range(3) for left in range(4)}
    assert all(140 < count < 260 for count in corners.values())  # 200 expected, sd 13.5
