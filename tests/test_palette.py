import colorsys

import numpy as np
import pytest

from segadapt.palette import OKABE_ITO, palette


@pytest.mark.parametrize("num_classes", [1, 8, 19, 171])
def test_every_class_has_a_colour_of_its_own_that_is_not_black(num_classes):
    colors = palette(num_classes)
    assert colors.shape == (num_classes, 3)
    assert len({tuple(color) for color in colors.tolist()}) == num_classes
    assert colors.max(1).min() > 60


def test_few_classes_have_okabe_and_itos_colours():
    assert [tuple(color) for color in palette(5).tolist()] == list(OKABE_ITO[:5])


def test_without_telling_red_from_green_classes_stay_farther_apart_than_in_a_rainbow():
    rainbow = 255 * np.array([colorsys.hsv_to_rgb(k / 19, 1, 1) for k in range(19)])
    assert closest(red_green_blind(palette(19))) > 1.5 * closest(red_green_blind(rainbow))


def red_green_blind(colors):
    """Brightness and blue are what is left."""
    return np.stack([colors @ [0.299, 0.587, 0.114], colors[:, 2]], axis=1).astype(float)


def closest(colors):
    apart = np.linalg.norm(colors[:, None] - colors, axis=2)
    return apart[~np.eye(len(colors), dtype=bool)].min()
