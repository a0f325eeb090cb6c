import cv2
import numpy as np
import pytest

from segadapt.data import drawing
from segadapt.data.drawing import (
    GAP,
    LINE,
    RIGHT,
    TILE,
    WRONG,
    LabelledImage,
    errors,
    occurring,
    painted,
    panel,
    save,
)
from segadapt.structures import IGNORE

COLORS = np.array([[10, 20, 30], [200, 100, 50]], dtype=np.uint8)
LABEL = np.array([[0, 1, IGNORE], [1, 1, 0]], dtype=np.int64)
STUDENT = np.array([[0, 0, 0], [1, 1, 0]], dtype=np.int64)


def test_labels_are_painted_in_their_colours_and_ignored_ones_black():
    found = painted(LABEL, COLORS)
    assert found[0].tolist() == [[10, 20, 30], [200, 100, 50], [0, 0, 0]]


def test_errors_are_striped_so_that_they_are_not_taken_for_a_class():
    wrong = np.ones((480, 480), dtype=np.int64)
    stripes = errors(np.zeros_like(wrong), wrong, COLORS)[::2, 0]
    found, pixels = np.unique(stripes, axis=0, return_counts=True)
    assert found.tolist() == [[0, 0, 0], list(WRONG.color)]
    np.testing.assert_array_equal(pixels, 120)


def test_errors_are_marked():
    found = errors(STUDENT, LABEL, COLORS)
    assert [tuple(c) for c in found[0].tolist()] == [RIGHT, WRONG.color, (0, 0, 0)]


def test_a_panel_has_a_tile_for_everything():
    row = LabelledImage(
        "x.png", painted(LABEL, COLORS), {"label": LABEL, "coarse": LABEL, "student": STUDENT}
    )
    found = panel([row, row], ("sky", "road"), COLORS)
    height = TILE * 2 // 3
    assert found.shape == (LINE + 2 * (height + GAP + LINE) + 2 * LINE, 5 * (TILE + GAP), 3)
    second = LINE + (height + GAP + LINE)
    corner = slice(second, second + height)
    assert (found[corner, TILE + GAP : 2 * TILE + GAP][0, 0] == COLORS[0]).all()
    middle = found[second + 10, 4 * (TILE + GAP) + TILE // 2]
    assert tuple(middle.tolist()) == WRONG.color


def entries(monkeypatch, label, student):
    """What a panel's legend explains, with the colours."""
    drawn = []
    entry = drawing._entry

    def recorded(name, color):
        striped = np.asarray(color).ndim > 1
        drawn.append((name, "stripes" if striped else tuple(int(part) for part in color)))
        return entry(name, color)

    monkeypatch.setattr(drawing, "_entry", recorded)
    image = np.zeros((*label.shape, 3), dtype=np.uint8)
    panel(
        [LabelledImage("x", image, {"label": label, "student": student})], ("sky", "road"), COLORS
    )
    return drawn


def test_every_colour_of_a_panel_is_explained(monkeypatch):
    sky, road = np.zeros((2, 2), dtype=np.int64), np.ones((2, 2), dtype=np.int64)
    marks = [("errors: wrong", "stripes"), ("errors: right", RIGHT)]
    classes = [("sky", (10, 20, 30)), ("road", (200, 100, 50))]
    # road is predicted, and labelled nowhere
    assert entries(monkeypatch, sky, road) == [*classes, *marks]
    hidden = np.full((2, 2), IGNORE, dtype=np.int64)
    assert entries(monkeypatch, hidden, road) == [classes[1], *marks, ("ignored", (0, 0, 0))]


def test_labels_of_all_maps_occur():
    assert occurring([LABEL, np.array([[7]])]) == [0, 1, 7, IGNORE]


def test_a_panel_of_many_classes_breaks_its_legend_into_lines():
    label = np.arange(100, dtype=np.int64).reshape(10, 10)
    names = [f"a rather long name {k}" for k in range(100)]
    colors = np.zeros((100, 3), dtype=np.uint8)
    row = LabelledImage("x", painted(label, colors), {"label": label, "student": label})
    found = panel([row], names, colors)
    assert found.shape[0] > TILE + 10 * LINE


def test_a_file_reads_back_in_the_right_colours(tmp_path):
    file = tmp_path / "panels" / "a.png"
    save(file, painted(LABEL, COLORS))
    assert (cv2.imread(str(file))[..., ::-1] == painted(LABEL, COLORS)).all()


def test_a_file_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "a.png").mkdir()
    with pytest.raises(OSError, match=r"a\.png could not be written"):
        save(tmp_path / "a.png", painted(LABEL, COLORS))
