import colorsys

import numpy as np
import pytest

from segadapt.data.datasets.voc2012 import VOC2012
from segadapt.data.palette import OKABE_ITO, class_colors, ignored_color, palette


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


def test_a_data_sets_own_colours_come_first():
    assert class_colors(2, ((1, 2, 3), (4, 5, 6))).tolist() == [[1, 2, 3], [4, 5, 6]]
    assert np.array_equal(class_colors(9, None), palette(9))


def test_ignored_pixels_have_a_colour_that_no_class_has():
    assert ignored_color(palette(171)) == (0, 0, 0)
    own = class_colors(21, VOC2012.palette)
    assert own[0].tolist() == [0, 0, 0]  # the background
    apart = np.linalg.norm(own.astype(float) - ignored_color(own), axis=1)
    assert apart.min() > 30


def red_green_blind(colors):
    """Brightness and blue are what is left."""
    return np.stack([colors @ [0.299, 0.587, 0.114], colors[:, 2]], axis=1).astype(float)


def closest(colors):
    apart = np.linalg.norm(colors[:, None] - colors, axis=2)
    return apart[~np.eye(len(colors), dtype=bool)].min()
