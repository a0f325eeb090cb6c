import json

import cv2
import numpy as np
import pytest
from annotated import PHASES, SIZES, content, encoded, rectangles

from segadapt.data.prepare.pascal_context import KEPT, convert

# Of the converter that mmsegmentation documents: numbers of VOC-Context in no order, with 0.
DOCUMENTED = [
    *(0, 2, 259, 260, 415, 324, 9, 258, 144, 18, 19, 22, 23, 397, 25, 284, 158, 159, 416, 33),
    *(162, 420, 454, 295, 296, 427, 44, 45, 46, 308, 59, 440, 445, 31, 232, 65, 354, 424, 68, 326),
    *(72, 458, 34, 207, 80, 355, 85, 347, 220, 349, 360, 98, 187, 104, 105, 366, 189, 368, 113),
    115,
]


@pytest.fixture
def stage(tmp_path):
    folder = tmp_path / "stage"
    folder.mkdir()
    return folder


def converted(tmp_path, stage, bars, text):
    (tmp_path / "merged.json").write_bytes(text)
    convert(tmp_path / "merged.json", (), stage, bars)


def test_the_59_classes_are_those_that_are_documented():
    assert [0, *KEPT] == sorted(DOCUMENTED)


def test_labels_equal_masks_painted_one_after_the_other(tmp_path, stage, bars):
    converted(tmp_path, stage, bars, encoded())
    for name, (height, width) in SIZES.items():
        raw = np.zeros((height, width), int)
        for category, top, left, bottom, right in rectangles(name):
            raw[top:bottom, left:right] = category
        expected = np.searchsorted(sorted(DOCUMENTED), raw)
        label = cv2.imread(str(stage / f"SegmentationClassContext/{name}.png"), -1)
        assert label.dtype == np.uint8
        assert label.max() > 0
        np.testing.assert_array_equal(label, expected)


def test_lists_hold_the_names_of_each_phase_in_order(tmp_path, stage, bars):
    converted(tmp_path, stage, bars, encoded())
    for phase in ("train", "val"):
        names = (stage / f"ImageSets/SegmentationContext/{phase}.txt").read_text().split("\n")
        assert names == [*sorted(name for name in PHASES if PHASES[name] == phase), ""]
    assert len(list((stage / "SegmentationClassContext").iterdir())) == len(SIZES)


def spoiled(change):
    found = content()
    change(found)
    return json.dumps(found).encode()


SPOILED = {
    "half": lambda: encoded()[:-100],
    "list": lambda: b"[1]",
    "keys": lambda: b"{}",
    "class": lambda: spoiled(lambda c: c["annos_segmentation"][0].update(category_id=3)),
    "text": lambda: spoiled(
        lambda c: c["annos_segmentation"][0]["segmentation"].update(counts="P")
    ),
    "no text": lambda: spoiled(lambda c: c["annos_segmentation"][0].update(segmentation=[])),
    "size": lambda: spoiled(
        lambda c: c["annos_segmentation"][0]["segmentation"].update(size=[1, 2])
    ),
    "above": lambda: spoiled(lambda c: c["images"][0].update(file_name="../evil.jpg")),
    "absolute": lambda: spoiled(lambda c: c["images"][0].update(file_name="/evil.jpg")),
    "huge": lambda: spoiled(lambda c: c["images"][0].update(height=10**9)),
}


@pytest.mark.parametrize("kind", SPOILED)
def test_damaged_annotations_are_refused(tmp_path, stage, bars, kind):
    with pytest.raises(ValueError, match=r"merged.json is damaged \(.+\); remove it and run"):
        converted(tmp_path, stage, bars, SPOILED[kind]())
    assert not list(tmp_path.rglob("evil*"))
