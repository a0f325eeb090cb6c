import numpy as np
import pytest

from segadapt.data.hatching import BLACK, FALLING, LEVEL, RISING, hatched, mark


@pytest.mark.parametrize(
    ("hatching", "step"), [(RISING, (1, -1)), (FALLING, (1, 1)), (LEVEL, (0, 1))]
)
def test_stripes_run_in_a_direction_and_have_a_width(hatching, step):
    found = hatched((24, 24), hatching, 4)
    assert {tuple(color) for color in found.reshape(-1, 3).tolist()} == {hatching.color, BLACK}
    assert np.isclose((found == BLACK).all(axis=2).mean(), 0.5, atol=0.05)
    moved = np.roll(found, step, axis=(0, 1))
    np.testing.assert_array_equal(moved[1:-1, 1:-1], found[1:-1, 1:-1])
    column = (found[:, 0] == BLACK).all(axis=1)
    assert np.diff(np.flatnonzero(np.diff(column))).tolist() == [4, 4, 4, 4]


def test_stripes_of_less_than_a_pixel_have_one():
    np.testing.assert_array_equal(hatched((6, 6), LEVEL, 0.01), hatched((6, 6), LEVEL, 1))


def test_only_a_part_is_marked():
    picture = np.full((8, 8, 3), 7, dtype=np.uint8)
    where = np.eye(8, dtype=bool)
    mark(picture, where, RISING, 2)
    assert (picture[~where] == 7).all()
    np.testing.assert_array_equal(picture[where], hatched((8, 8), RISING, 2)[where])
