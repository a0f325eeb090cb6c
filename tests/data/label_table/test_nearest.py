"""Labels in JPEG: which tables they can be read by."""

import numpy as np
import pytest
from PIL import Image

from segadapt.data.label_table.table import LabelTable, Values
from segadapt.data.labels import LabelContract

DISC = np.hypot(*np.mgrid[-32:32, -32:32]) < 20


def read(folder, levels, table):
    file = folder / "a.jpg"
    Image.fromarray(levels.astype(np.uint8)).save(file, quality=90)
    contract = LabelContract(table, nearest=True)
    return contract(contract.read(file), file)


@pytest.mark.parametrize("level", [0, 1, 60, 127, 128, 200, 255])
def test_grey_levels_of_binary_masks_are_background_up_to_the_middle(tmp_path, level):
    label = read(tmp_path, np.full((16, 16), level), LabelTable.binary())
    assert (label == (level > 127)).all()


def test_a_table_that_lists_both_values_is_read_like_that_of_the_word(tmp_path):
    own = LabelTable(("off", "on"), (Values((0,)), Values((1, 255))))
    for table in (own, LabelTable.binary()):
        np.testing.assert_array_equal(read(tmp_path, DISC * 255, table), DISC)


def test_numbers_that_jpeg_mixes_are_refused(tmp_path):
    table = LabelTable.consecutive(("a", "b", "c"), ignored=(255,))
    with pytest.raises(ValueError, match=r"lists 0 and 1, but grey levels .* at least 16 apart"):
        read(tmp_path, DISC * 2, table)
    table = LabelTable(("a", "b"), (Values((0,)), Values((300,))))
    with pytest.raises(ValueError, match=r"lists 0 and 300, .* only from 0 to 255"):
        read(tmp_path, DISC * 2, table)


def test_numbers_of_one_class_may_be_close(tmp_path):
    table = LabelTable(("a", "b"), (Values((0, 3)), Values((100, 101))))
    np.testing.assert_array_equal(read(tmp_path, DISC * 100, table), DISC)


def test_numbers_beside_colours_do_not_concern_jpegs_of_colours(tmp_path):
    red, green = (255, 0, 0), (0, 255, 0)
    table = LabelTable(("a", "b"), (Values((0,), (red,)), Values((1,), (green,))))
    colors = np.array([red, green])[DISC.astype(int)]
    assert (read(tmp_path, colors, table) == DISC).mean() > 0.98


@pytest.mark.parametrize("others", ["ignore", 0])
def test_other_values_have_no_meaning_where_every_value_becomes_a_listed_one(tmp_path, others):
    sources = (Values((), ((255, 0, 0),)), Values((), ((0, 255, 0),)))
    table = LabelTable(("car", "road"), sources, others=others)
    blue = np.broadcast_to(np.array([0, 0, 255]), (16, 16, 3))
    with pytest.raises(ValueError, match=r"none is left for its others; .*set others: error$"):
        read(tmp_path, blue, table)
