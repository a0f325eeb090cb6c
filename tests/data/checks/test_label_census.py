"""The census of a training split, against a count of each pixel, and how it is remembered."""

import os
from collections import Counter

import numpy as np
import pytest
from written import picture, write

from segadapt.data.checks.label_census import label_census
from segadapt.data.datasets.folder import Folder
from segadapt.data.datasets.synthetic import Synthetic
from segadapt.data.labels import LabelContract
from segadapt.data.transforms.pipelines import EvalTransform

NAMES = ("road", "sky", "tree", "car")


@pytest.fixture
def dataset(tmp_path):
    rng = np.random.default_rng(0)
    for i in range(5):
        label = rng.choice([0, 1, 3, 255], size=(9, 11), p=[0.6, 0.3 * (i < 2), 0.1, 0.3 * (i > 1)])
        write(tmp_path / "data/train/images" / f"{i}.png", picture(9, 11, i))
        write(tmp_path / "data/train/labels" / f"{i}.png", label.astype(np.uint8))
    return Folder(tmp_path / "data", "train", EvalTransform(), NAMES, "")


def counted(dataset):
    """Pixels of each number, and the numbers in each image, pixel by pixel."""
    from PIL import Image

    images = [Counter(Image.open(pair.label).get_flattened_data()) for pair in dataset.files]
    return sum(images, Counter()), [sorted(set(image) - {255}) for image in images]


def test_pixels_and_images_are_counted(dataset, tmp_path):
    census = label_census(dataset, tmp_path / "cache")
    numbers, held = counted(dataset)
    assert census.pixels == [numbers[k] for k in range(4)]
    assert census.ignored == numbers[255]
    assert census.classes == held
    assert census.images == [5, 2, 0, 5]


def test_labels_are_read_once_until_a_file_changes(dataset, tmp_path, monkeypatch):
    reads = []
    read = LabelContract.read
    monkeypatch.setattr(
        LabelContract, "read", lambda *given: reads.append(given[1:]) or read(*given)
    )
    first = label_census(dataset, tmp_path / "cache")
    assert label_census(dataset, tmp_path / "cache") == first
    assert len(reads) == 5
    os.utime(dataset.files[0].label, ns=(1, 1))
    assert label_census(dataset, tmp_path / "cache") == first
    assert len(reads) == 10


@pytest.mark.parametrize("content", ["", "[]", '{"pixels": [1], "ignored": 0, "classes": [[9]]}'])
def test_a_damaged_memory_is_not_believed(dataset, tmp_path, content):
    first = label_census(dataset, tmp_path / "cache")
    (mark,) = (tmp_path / "cache" / "census").iterdir()
    mark.write_text(content)
    assert label_census(dataset, tmp_path / "cache") == first


def test_an_unwritable_memory_is_no_obstacle(dataset, tmp_path):
    (tmp_path / "cache").write_text("a file")
    assert label_census(dataset, tmp_path / "cache").images == [5, 2, 0, 5]


def test_a_number_that_means_nothing_names_the_file(dataset, tmp_path):
    write(dataset.files[3].label, np.full((9, 11), 7, np.uint8))
    with pytest.raises(ValueError, match=r"3\.png holds 7 on 99 pixels"):
        label_census(dataset, tmp_path / "cache")


def test_composed_samples_are_counted_too(tmp_path):
    dataset = Synthetic(num_classes=3, size=16, length=4)
    census = label_census(dataset, tmp_path / "cache")
    masks = [dataset[i].mask.flatten().tolist() for i in range(4)]
    assert census.pixels == [sum(mask.count(k) for mask in masks) for k in range(3)]
    assert census.classes == [sorted(set(mask)) for mask in masks]
    assert not (tmp_path / "cache").exists()
