from collections import Counter

import numpy as np
import pytest
from layouts import LAYOUTS
from PIL import Image
from written import blocks, camvid, picture, write

from segadapt.data.checks.census import Census, remarks
from segadapt.data.checks.inspection import inspect, inspect_pair
from segadapt.data.datasets.ade20k import ADE20K
from segadapt.data.datasets.camvid import CamVid
from segadapt.data.datasets.cityscapes import Cityscapes
from segadapt.data.transforms.pipelines import EvalTransform


def frames(root, split="train"):
    return CamVid(root, split, EvalTransform())


@pytest.fixture
def root(tmp_path):
    return camvid(tmp_path)


def raw(dataset):
    labels = []
    for pair in dataset.files:
        with Image.open(pair.label) as image:
            labels.append(np.asarray(image))
    return labels


@pytest.mark.parametrize("threads", [1, 3])
def test_pixels_and_images_are_counted_as_numpy_does(root, threads):
    dataset = frames(root)
    census = Census.of(dataset.classes, inspect(dataset, threads))
    labels = raw(dataset)
    assert census.images == 5
    assert not census.findings
    assert census.sizes == {(40, 56): 5}
    assert census.ignored == sum((label == 11).sum() for label in labels)
    for k in range(11):
        assert census.pixels[k] == sum((label == k).sum() for label in labels)
        for other in range(11):
            both = sum(bool((label == k).any() and (label == other).any()) for label in labels)
            assert census.together[k, other] == both


def test_numbers_that_share_a_class_are_added(tmp_path):
    dataset = Cityscapes(LAYOUTS["cityscapes"](tmp_path), "val", EvalTransform())
    found = inspect_pair(dataset, 0)
    counts = Counter(raw(dataset)[0].ravel().tolist())
    assert found.classes.tolist() == [
        counts[n] for n in (7, 8, 11, 12, 13, 17, *range(19, 29), 31, 32, 33)
    ]
    assert found.ignored == 48 * 64 - found.classes.sum()


def test_numbers_out_of_range_are_named_one_by_one(root):
    label = blocks(40, 56, 3)
    label[0, :5], label[1, :2] = 77, 200
    write(root / "trainannot/frame2.png", label)
    found = inspect_pair(frames(root), 2)
    assert [(f.kind, f.file, f.number, f.pixels) for f in found.findings] == [
        ("range", "trainannot/frame2.png", 77, 5),
        ("range", "trainannot/frame2.png", 200, 2),
    ]
    assert found.classes.sum() == 40 * 56 - 7


def test_sizes_that_differ_are_found(root):
    write(root / "trainannot/frame1.png", blocks(40, 48, 3))
    (found,) = inspect_pair(frames(root), 1).findings
    assert found.kind == "size"
    assert found.sentence == "the image has 40 x 56 pixels, its label 40 x 48"


def test_unreadable_images_and_labels_are_found_both(root):
    for name in ("train/frame0.png", "trainannot/frame0.png"):
        (root / name).write_bytes((root / name).read_bytes()[:-9])
    found = inspect_pair(frames(root), 0)
    assert [(f.kind, f.file) for f in found.findings] == [
        ("unreadable", "train/frame0.png"),
        ("unreadable", "trainannot/frame0.png"),
    ]
    assert "is truncated" in found.findings[0].sentence
    assert found.size is None


def test_an_image_without_any_class_is_found_but_no_error(root):
    write(root / "trainannot/frame3.png", np.full((40, 56), 11, np.uint8))
    census = Census.of(frames(root).classes, inspect(frames(root)))
    assert [(f.kind, f.file) for f in census.findings] == [("all ignored", "trainannot/frame3.png")]
    assert not census.errors


def test_one_bad_file_does_not_hide_the_others(root):
    (root / "train/frame0.png").write_bytes(b"")
    write(root / "trainannot/frame4.png", np.full((40, 56), 99, np.uint8))
    census = Census.of(frames(root).classes, inspect(frames(root), 2))
    assert [f.file for f in census.errors] == ["train/frame0.png", "trainannot/frame4.png"]
    assert census.images == 5


def test_classes_without_pixels_and_missing_images_are_remarked(tmp_path):
    dataset = ADE20K(LAYOUTS["ade20k"](tmp_path), "val", EvalTransform())
    census = Census.of(dataset.classes, inspect(dataset))
    found = remarks(census, "val", dataset.images)
    assert found[0] == "1 images, but 2000 were published"
    assert found[1].startswith("148 classes have no pixel: building, sky, ")
    assert remarks(census, "mine", {}) == found[1:]


def test_files_as_json_are_plain(root):
    write(root / "train/frame0.png", picture(8, 8))
    content = Census.of(frames(root).classes, inspect(frames(root))).as_json()
    assert content["images"] == 5
    assert content["sizes"] == [[40, 56, 5]]
    assert content["classes"][2]["name"] == "pole"
    assert content["findings"][0]["kind"] == "size"
