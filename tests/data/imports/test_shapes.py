"""Which pixels a shape covers, against matplotlib's test of points and against formulas."""

import numpy as np
import pytest
from matplotlib.path import Path as Outline

from segadapt.data.imports import shapes
from segadapt.data.imports.shapes import Bitmap, Ellipse, Polygons, Runs

HEIGHT, WIDTH = 23, 31
ROWS, COLUMNS = np.mgrid[0:HEIGHT, 0:WIDTH]
CENTERS = np.stack([COLUMNS + 0.5, ROWS + 0.5], -1).reshape(-1, 2)


def drawn(shape, size=(HEIGHT, WIDTH)):
    """The patch of a shape in its image."""
    mask = np.zeros(size, dtype=bool)
    top, left, patch = shape.patch(size)
    mask[top : top + patch.shape[0], left : left + patch.shape[1]] = patch
    return mask


def polygon(*rings):
    return Polygons(tuple(np.array(ring, dtype=float) for ring in rings))


@pytest.mark.parametrize("seed", range(40))
def test_a_pixel_belongs_to_a_polygon_if_its_centre_is_inside(seed):
    """Vertices of chance: star-shaped, self-crossing, partly or wholly outside the image."""
    rng = np.random.default_rng(seed)
    ring = rng.uniform(-8, 38, size=(rng.integers(3, 40), 2))
    expected = Outline(ring, closed=False).contains_points(CENTERS).reshape(HEIGHT, WIDTH)
    assert (drawn(polygon(ring)) == expected).all()
    assert (drawn(polygon(ring[::-1])) == expected).all()


def test_a_rectangle_of_whole_coordinates_covers_the_pixels_between_them():
    mask = drawn(polygon([(2, 1), (5, 1), (5, 4), (2, 4)]))
    expected = np.zeros_like(mask)
    expected[1:4, 2:5] = True
    assert (mask == expected).all()


def test_a_centre_on_the_border_belongs_to_what_is_right_of_it_or_below():
    mask = drawn(polygon([(2.5, 1.5), (5.5, 1.5), (5.5, 4.5), (2.5, 4.5)]))
    expected = np.zeros_like(mask)
    expected[1:4, 2:5] = True
    assert (mask == expected).all()


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("halves", [False, True])
def test_shapes_that_share_edges_cover_each_pixel_once(seed, halves):
    rng = np.random.default_rng(seed)
    middle = rng.integers(0, [2 * WIDTH, 2 * HEIGHT]) / 2 if halves else rng.uniform(0, 20, 2)
    corners = [(0, 0), (WIDTH, 0), (WIDTH, HEIGHT), (0, HEIGHT)]
    parts = [
        drawn(polygon([corners[k], corners[(k + 1) % 4], tuple(middle)])).astype(int)
        for k in range(4)
    ]
    assert (sum(parts) == 1).all()


def test_a_ring_that_comes_back_along_a_cut_has_a_hole():
    outer = [(2, 2), (20, 2), (20, 20), (2, 20), (2, 2)]
    inner = [(6, 6), (6, 12), (12, 12), (12, 6), (6, 6)]
    mask = drawn(polygon([*outer, *inner]))
    assert mask.sum() == 18 * 18 - 6 * 6
    assert not mask[6:12, 6:12].any()


def test_several_rings_are_one_shape():
    one, other = [(0, 0), (4, 0), (4, 4), (0, 4)], [(2, 2), (9, 2), (9, 5), (2, 5)]
    union = drawn(polygon(one)) | drawn(polygon(other))
    assert (drawn(polygon(one, other)) == union).all()


def test_a_shape_outside_the_image_covers_nothing():
    for shift in ((-50, 0), (50, 0), (0, -50), (0, 50), (1e6, -1e6)):
        ring = np.array([(1, 1), (9, 1), (9, 9)], dtype=float) + shift
        assert not drawn(polygon(ring)).any()


def test_a_line_covers_nothing():
    assert not drawn(polygon([(1, 1), (9, 9), (5, 5)])).any()


def test_a_polygon_that_would_take_minutes_is_refused(monkeypatch):
    monkeypatch.setattr(shapes, "MOST_CROSSINGS", 100)
    ring = [(0, 0), (1, 20)] * 10
    with pytest.raises(ValueError, match=r"20 vertices cross rows of pixels \d+ times, more than"):
        drawn(polygon(ring))


@pytest.mark.parametrize("angle", [0, 30, 90, -17.5])
@pytest.mark.parametrize("center", [(10, 9), (-1, 30), (40, 40)])
def test_an_ellipse_is_the_points_nearer_than_its_radii(center, angle):
    turn = np.deg2rad(angle)
    x, y = COLUMNS + 0.5 - center[0], ROWS + 0.5 - center[1]
    turned = np.cos(turn) * x + np.sin(turn) * y, -np.sin(turn) * x + np.cos(turn) * y
    expected = (turned[0] / 8.3) ** 2 + (turned[1] / 3.1) ** 2 < 1
    assert (drawn(Ellipse(center, (8.3, 3.1), angle)) == expected).all()


@pytest.mark.parametrize(("top", "left"), [(0, 0), (-2, 28), (20, -3), (50, 50), (-9, -9)])
def test_a_bitmap_is_cut_at_the_image(top, left):
    bits = np.random.default_rng(0).random((5, 6)) > 0.4
    expected = np.zeros((HEIGHT + 40, WIDTH + 40), dtype=bool)
    if top < 50:
        expected[20 + top : 25 + top, 20 + left : 26 + left] = bits
    mask = drawn(Bitmap(top, left, bits))
    assert (mask == expected[20 : 20 + HEIGHT, 20 : 20 + WIDTH]).all()


def test_run_lengths_go_down_the_columns():
    mask = drawn(Runs(np.array([1, 2, 3]), (2, 3)), (2, 3))
    assert mask.tolist() == [[False, True, False], [True, False, False]]


def test_run_lengths_of_another_size_are_refused():
    with pytest.raises(ValueError, match="of 2 x 3 pixels, but the image has 3 x 2; correct size"):
        Runs(np.array([6]), (2, 3)).patch((3, 2))
