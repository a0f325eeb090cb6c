import numpy as np
import pytest
from compositions import composed
from written import camvid

from segadapt.data.checks.census import Census
from segadapt.data.checks.charts import LISTED, Tile, contact_sheet, distribution, without_repeats
from segadapt.data.checks.check_dataset import split_of, tiles
from segadapt.data.palette import palette


def counted(together, pixels):
    census = Census([f"class {k}" for k in range(len(pixels))])
    census.together, census.pixels = np.array(together), np.array(pixels)
    census.images = int(census.together.diagonal().max())
    return census


def shown_map(figure):
    """The map of classes that occur together, with its texts by place."""
    axes = figure.axes[1]
    return axes, {text.get_position(): text.get_text() for text in axes.texts}


def test_classes_that_nearly_always_meet_have_different_colours():
    together = [[100, 99, 50], [99, 99, 50], [50, 50, 50]]
    axes, texts = shown_map(distribution(counted(together, [5, 5, 5]), "t"))
    (image,) = axes.images
    for row in range(3):
        for column in range(3):
            share = 100 * together[row][column] / together[row][row]
            assert texts[column, row] == f"{share:.0f}"
    colors = {image.to_rgba(image.get_array()[0])[column].tobytes() for column in range(3)}
    assert len(colors) == 3


@pytest.mark.parametrize(
    ("together", "note"),
    [
        ([[4, 4], [4, 4]], "every class is in every image"),
        ([[4, 0], [0, 2]], "grey: never in one image"),
        ([[4, 0], [0, 0]], "grey: never in one image"),
        ([[0, 0], [0, 0]], "grey: never in one image"),
    ],
)
def test_the_map_says_what_one_colour_means(together, note):
    axes, texts = shown_map(distribution(counted(together, [9, 9]), "t"))
    assert note in axes.get_title()
    assert texts[1, 0] == ("100" if together[0][1] else "")
    assert [text.get_text() for text in axes.get_xticklabels()] == ["class 0", "class 1"]


def test_classes_without_a_pixel_are_told_from_rare_ones():
    figure = distribution(counted([[4, 0], [0, 0]], [9, 0]), "t")
    names = [text.get_text() for text in figure.axes[0].get_yticklabels()]
    assert names == ["class 0", "class 1 (no pixel)"]


@pytest.mark.parametrize(("split", "inputs"), [("val", 0), ("train", 3)])
def test_no_two_columns_of_a_sheet_are_equal(split, inputs, tmp_path):
    root = camvid(tmp_path)
    cfg = composed("data=camvid", f"data.root={root}", "data.crop=[24,24]", name="check_data")
    dataset = split_of(cfg.data, split)
    rows = without_repeats([tiles(dataset, item) for item in range(2)])
    titles = [tile.title for tile in rows[0]]
    expected = [f"network input {number + 1}" for number in range(inputs)]
    assert titles == ["frame0.png", "stored labels", *expected]


def test_the_legend_says_how_many_classes_it_has_no_room_for():
    label = np.arange(LISTED + 3, dtype=np.int64)[None]
    image = np.zeros((*label.shape, 3), dtype=np.uint8)
    rows = [[Tile("a", image, None), Tile("b", image, label)]]
    names = [f"class {k}" for k in range(LISTED + 3)]
    (legend,) = contact_sheet(rows, names, palette(len(names))).legends
    assert [text.get_text() for text in legend.texts] == names[:LISTED]
    title = legend.get_title().get_text()
    assert title.endswith("where they are ignored; 3 more classes occur")
