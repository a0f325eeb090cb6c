"""COCO's instances and panoptic masks become the labels that they describe, pixel by pixel."""

import json

import numpy as np
import pytest
from annotations import (
    HEIGHT,
    WIDTH,
    annotation,
    coco,
    images,
    imported,
    label,
    labels,
    rectangle,
    rle,
)
from written import write

from segadapt.data.label_table.reading import read_table

CAT, DOG = 1, 2
"""With the background as class 0, categories 1 and 2 have these numbers."""


@pytest.fixture
def make(tmp_path):
    """Import these annotations of one image."""
    images(tmp_path, "a.png")

    def act(*annotations, into="data", **more):
        return label(
            imported("coco", coco(tmp_path / "s.json", annotations), tmp_path / into, **more)
        )

    return act


def box(left, top, right, bottom):
    mask = np.zeros((HEIGHT, WIDTH), dtype=bool)
    mask[top:bottom, left:right] = True
    return mask


def test_polygons_runs_and_compressed_runs_are_the_same_pixels(make):
    mask = box(3, 2, 9, 7)
    polygon = make(annotation(1, CAT, [rectangle(3, 2, 9, 7)]), into="1")
    plain = make(annotation(1, CAT, rle(mask)), into="2")
    packed = {"counts": "V157000000000b2", "size": [HEIGHT, WIDTH]}  # by pycocotools 2.0.11
    compressed = make(annotation(1, CAT, packed), into="3")
    for found in (polygon, plain, compressed):
        assert (found == np.where(mask, CAT, 0)).all()
        assert found.dtype == np.uint8


def test_the_later_region_or_the_smaller_one_covers_the_other(make):
    small, large = (
        annotation(1, CAT, [rectangle(4, 4, 6, 6)]),
        annotation(2, DOG, [rectangle(2, 2, 9, 9)]),
    )
    covered = np.where(box(2, 2, 9, 9), DOG, 0)
    assert (make(small, large, into="1") == covered).all()
    expected = np.where(box(4, 4, 6, 6), CAT, covered)
    assert (make(small, large, into="2", overlap="area") == expected).all()
    assert (make(large, small, into="3") == expected).all()


def test_crowds_are_ignored_and_lie_below_everything(make):
    found = make(
        annotation(1, CAT, [rectangle(4, 4, 6, 6)]),
        annotation(2, DOG, rle(box(2, 2, 9, 9)), iscrowd=1),
    )
    expected = np.where(box(2, 2, 9, 9), 255, 0)
    assert (found == np.where(box(4, 4, 6, 6), CAT, expected)).all()


def test_a_region_may_have_holes_and_parts(make):
    mask = box(1, 1, 9, 9) & ~box(3, 3, 5, 5)
    parts = [rectangle(0, 0, 2, 2), rectangle(10, 4, 12, 8)]
    found = make(annotation(1, CAT, rle(mask)), annotation(2, DOG, parts))
    expected = np.where(mask, CAT, 0)
    assert (found == np.where(box(0, 0, 2, 2) | box(10, 4, 12, 8), DOG, expected)).all()


def test_pixels_without_annotation_are_the_background_or_ignored(make, tmp_path):
    only = annotation(1, CAT, [rectangle(3, 2, 9, 7)])
    assert (make(only, into="1", background=None) == np.where(box(3, 2, 9, 7), 0, 255)).all()
    assert (make(only, into="2", background="dog") == np.where(box(3, 2, 9, 7), 0, 1)).all()
    named = [read_table(tmp_path / into / "classes.yaml").names for into in "12"]
    assert named == [("cat", "dog"), ("cat", "dog")]


def test_classes_can_be_ordered_and_labels_ignored(make):
    one, other = (
        annotation(1, CAT, [rectangle(0, 0, 3, 3)]),
        annotation(2, DOG, [rectangle(5, 5, 8, 8)]),
    )
    found = make(one, other, into="1", classes=("dog", "background", "cat"))
    expected = np.where(box(0, 0, 3, 3), 2, np.where(box(5, 5, 8, 8), 0, 1))
    assert (found == expected).all()
    found = make(one, other, into="2", ignored=("dog",))
    assert (found == np.where(box(0, 0, 3, 3), 1, np.where(box(5, 5, 8, 8), 255, 0))).all()


def test_many_classes_have_labels_of_16_bits(tmp_path):
    images(tmp_path, "a.png")
    names = [f"c{k}" for k in range(300)]
    only = annotation(1, 300, [rectangle(3, 2, 9, 7)])
    source = coco(tmp_path / "s.json", [only], categories=names)
    found = label(imported("coco", source, tmp_path / "data", background=None))
    assert (found == np.where(box(3, 2, 9, 7), 299, 65535)).all()


def panoptic(tmp_path, segments, numbers, **more):
    """A panoptic set of one image, whose mask holds these numbers."""
    images(tmp_path, "a.png")
    colors = np.stack([numbers % 256, numbers // 256 % 256, numbers // 65536], -1)
    write(tmp_path / "s" / "a.png", colors.astype(np.uint8))
    file = coco(tmp_path / "s.json", [])
    content = json.loads(file.read_text())
    content["annotations"] = [{"image_id": 1, "file_name": "a.png", "segments_info": segments}]
    file.write_text(json.dumps(content))
    return label(imported("coco", file, tmp_path / "data", **more))


SEGMENTS = [
    {"id": 7, "category_id": DOG, "iscrowd": 0},
    {"id": 70_000, "category_id": CAT},
    {"id": 300, "category_id": CAT, "iscrowd": 1},
]


def test_panoptic_masks_are_looked_up(tmp_path):
    numbers = np.random.default_rng(0).choice([0, 7, 300, 70_000], size=(HEIGHT, WIDTH))
    found = panoptic(tmp_path, SEGMENTS, numbers)
    meaning = {0: 255, 7: 1, 300: 255, 70_000: 0}
    expected = [[meaning[number] for number in row] for row in numbers.tolist()]
    assert found.tolist() == expected
    assert read_table(tmp_path / "data" / "classes.yaml").names == ("cat", "dog")


@pytest.mark.parametrize(
    ("segments", "sentence"),
    [
        (
            SEGMENTS[:2],
            r"1: the mask .*a\.png holds segment 300, which segments_info does not",
        ),
        ([*SEGMENTS, SEGMENTS[0]], "image 1, segment 7 occurs twice"),
        ([{"id": 7, "category_id": 9}], "image 1, segment 7 is of category 9, which is not listed"),
        ([{"id": 0, "category_id": 1}], "image 1: id is 0; give a whole number of 1 or more"),
        (None, r"image 1 has no list 'segments_info'"),
    ],
)
def test_segments_that_are_not_in_order_are_refused(tmp_path, segments, sentence):
    with pytest.raises(ValueError, match=sentence):
        panoptic(tmp_path, segments, np.full((HEIGHT, WIDTH), 300))
    assert not (tmp_path / "data").exists()


def test_names_in_folders_with_brackets_blanks_and_umlauts_are_kept(tmp_path):
    names = ["b c/Straße [1].png", "ü.png"]
    images(tmp_path, *names)
    source = coco(tmp_path / "s.json", [annotation(1, CAT, [rectangle(0, 0, 3, 3)], 2)], names)
    split = imported("coco", source, tmp_path / "data [ä]")
    assert list(labels(split)) == names
    assert all((split / "images" / name).is_file() for name in names)
