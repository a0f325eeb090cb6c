from pathlib import Path

import numpy as np
import pytest

from segadapt.data.label_table.table import LabelTable
from segadapt.data.labels import LabelContract

FILE = Path("some/label.png")


def names(number):
    return tuple(f"class_{k}" for k in range(number))


def numbered(classes, ignored=()):
    return LabelContract(LabelTable.numbered(names(1 + max(classes.values())), classes, ignored))


def consecutive(number, *, ignored=(255,), **given):
    return LabelContract(LabelTable.consecutive(names(number), ignored=ignored, **given))


def test_each_number_becomes_its_class():
    contract = numbered({7: 0, 8: 1, 33: 1, 11: 2}, ignored=(0, 255))
    raw = np.array([[7, 8, 33], [11, 0, 255]], dtype=np.uint8)
    np.testing.assert_array_equal(contract(raw, FILE), [[0, 1, 1], [2, 255, 255]])


def test_identity_changes_nothing_but_ignored_numbers():
    raw = np.array([[0, 1, 2, 3, 255]], dtype=np.uint8)
    found = consecutive(3, ignored=(3, 255))(raw, FILE)
    np.testing.assert_array_equal(found, [[0, 1, 2, 255, 255]])


def test_other_numbers_are_named_with_file_and_pixels():
    raw = np.zeros((4, 5), dtype=np.uint8)
    raw[0, :3], raw[2, 1] = 12, 204
    with pytest.raises(
        ValueError, match=r"label\.png holds 12 on 3 pixels, 204 on 1 pixels, "
    ) as e:
        consecutive(11, ignored=(11, 255))(raw, FILE)
    assert "neither a class (0..10) nor ignored (11, 255)" in str(e.value)


def test_many_other_numbers_are_counted():
    raw = np.arange(256, dtype=np.uint8).reshape(16, 16)
    with pytest.raises(ValueError, match="6 on 1 pixels and 248 more values"):
        consecutive(2)(raw, FILE)


def test_255_is_an_error_unless_declared():
    with pytest.raises(ValueError, match=r"255 on 1 pixels.*nor ignored \(none\)"):
        consecutive(2, ignored=())(np.array([[0, 255]], dtype=np.uint8), FILE)


@pytest.mark.parametrize(
    ("classes", "ignored", "words"),
    [
        ({0: 0, 1: 2}, (255,), "class 'class_1' has no value"),
        ({1: 1}, (255,), "class 'class_0' has no value"),
        ({0: 0, 255: 1}, (255,), "255 means class 'class_1' and ignored pixels"),
        ({0: 0, 65536: 1}, (255,), "'class_1' has the number 65536"),
        ({0: 0}, (-1,), "ignored pixels has the number -1"),
    ],
)
def test_contradictory_contracts_are_refused(classes, ignored, words):
    with pytest.raises(ValueError, match=words):
        numbered(classes, ignored)


def test_consecutive_numbers_leave_out_the_unused():
    contract = consecutive(3, first=1, unused=(2,), ignored=(0,))
    raw = np.array([[0, 1, 3, 4]], dtype=np.uint8)
    np.testing.assert_array_equal(contract(raw, FILE), [[255, 0, 1, 2]])
    for wrong in (2, 5, 255):
        with pytest.raises(ValueError, match=rf"holds {wrong} on 1 pixels.*\(1, 3\.\.4\).*\(0\)"):
            contract(np.array([[wrong]], dtype=np.uint8), FILE)


def test_predictions_become_the_numbers_on_disk():
    contract = numbered({7: 0, 8: 1, 33: 1, 11: 2}, ignored=(0,))
    found = contract.published(np.array([[0, 1, 2]], dtype=np.uint8))
    np.testing.assert_array_equal(found, [[7, 8, 11]])  # 8 and 33 are one class: the first


@pytest.mark.parametrize("wrong", [3, 255])
def test_predictions_hold_nothing_but_classes(wrong):
    contract = consecutive(3)
    with pytest.raises(ValueError, match=rf"prediction holds {wrong}, but its classes are 0\.\.2"):
        contract.published(np.array([[0, wrong]], dtype=np.uint8))
