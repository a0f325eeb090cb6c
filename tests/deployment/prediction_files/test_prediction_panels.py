import numpy as np
from deployed import scene

from segadapt.data.hatching import hatched
from segadapt.deployment.prediction_files.panels import (
    DIFFER,
    FIRST,
    NEITHER,
    SECOND,
    difference,
    panel,
)

IMAGE = scene(40, 60)
FIRST_MAP, SECOND_MAP, LABEL = (np.zeros((40, 60), np.uint8) for _ in range(3))
SECOND_MAP[:10] = 1  # first is right
FIRST_MAP[10:20], LABEL[10:20] = 1, 0  # second is right
FIRST_MAP[20:30], SECOND_MAP[20:30], LABEL[20:30] = 1, 2, 0  # neither is
SECOND_MAP[30:35], LABEL[30:35] = 1, 255  # ignored
COLORS = np.array([[9, 9, 9], [200, 0, 0], [0, 0, 200]], np.uint8)


STRIPES = hatched((40, 60), DIFFER, 4)
GREY = np.full_like(IMAGE, 100)  # dimmed: 0.35 * 100 + 0.65 * 255 = 201


def test_without_labels_all_differences_have_the_same_stripes():
    tile, marks = difference(GREY, ("A", "B"), FIRST_MAP, SECOND_MAP, None, 3)
    apart = (tile.picture != 201).any(axis=2)
    np.testing.assert_array_equal(apart, FIRST_MAP != SECOND_MAP)
    np.testing.assert_array_equal(tile.picture[apart], STRIPES[apart])
    assert marks == [("A and B differ", DIFFER)]
    assert tile.title == "difference: 87.5 % of pixels"


def test_with_labels_the_stripes_say_who_is_right():
    tile, marks = difference(IMAGE, ("A", "B"), FIRST_MAP, SECOND_MAP, LABEL, 3)
    parts = ((slice(0, 10), FIRST), (slice(10, 20), SECOND), (slice(20, 30), NEITHER))
    for rows, hatching in parts:
        np.testing.assert_array_equal(tile.picture[rows], hatched((40, 60), hatching, 4)[rows])
    dimmed = 0.35 * IMAGE[30:].astype(float) + 0.65 * 255  # ignored, or equal
    assert np.abs(tile.picture[30:] - dimmed).max() <= 0.51
    assert [name for name, _ in marks] == [
        "only A is right",
        "only B is right",
        "both are wrong, and differ",
    ]


def test_a_panel_shows_every_map_in_exact_colours():
    large = np.repeat(np.repeat(FIRST_MAP, 20, 0), 20, 1)
    image = np.repeat(np.repeat(IMAGE, 20, 0), 20, 1)
    sheet = panel(image, {"A": large, "B": large}, ["x", "y", "z"], COLORS, ("A", "B"))
    assert sheet.shape[1] == 2 * (640 + 6)
    tile = sheet[22 : 22 + 427, 646 : 646 + 640].reshape(-1, 3)
    assert {tuple(color) for color in np.unique(tile, axis=0).tolist()} == {(9, 9, 9), (200, 0, 0)}
    share = (tile == COLORS[1]).all(axis=1).mean()
    np.testing.assert_allclose(share, (FIRST_MAP == 1).mean(), atol=0.01)


def test_what_differs_is_never_one_colour_whatever_the_palette():
    first, second = np.zeros((900, 1280), np.uint8), np.ones((900, 1280), np.uint8)
    image = np.full((900, 1280, 3), 100, np.uint8)
    colors = np.array([DIFFER.color, (0, 0, 0)], np.uint8)  # the classes have the stripes' colours
    sheet = panel(image, {"A": first, "B": second}, ["x", "y"], colors, ("A", "B"))
    tile = sheet[22 + 450 + 6 + 22 :][:450, 646 : 646 + 640]
    for row in range(0, 440, 9):
        patch = tile[row : row + 9, :9].reshape(-1, 3)
        assert len(np.unique(patch, axis=0)) > 1
    swatch = sheet[-17:-5, 4:24]
    np.testing.assert_array_equal(swatch, hatched((12, 20), DIFFER, 4))
