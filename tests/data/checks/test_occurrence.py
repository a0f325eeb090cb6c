"""Classes that a split has no pixel of are told before the first step, for few labels read."""

import numpy as np
import pytest
from written import picture, write

from segadapt.data.checks import occurrence
from segadapt.data.checks.quick_check import look_at
from segadapt.data.datasets.folder import Folder
from segadapt.data.transforms.pipelines import EvalTransform

NAMES = ("road", "sky", "tree", "car")


def folder(root, *labels, split="train", classes=NAMES, **more):
    """A data set whose labels hold these numbers, one tuple for each image."""
    for i, numbers in enumerate(labels):
        label = np.resize(np.array(numbers, dtype=np.uint8), (8, 8))
        write(root / split / "images" / f"{i}.png", picture(8, 8, i))
        write(root / split / "labels" / f"{i}.png", label)
    return Folder(root, split, EvalTransform(), classes, "", **more)


def look(dataset, tmp_path, name="training", **more):
    return look_at({name: dataset}, tmp_path / "cache", **more)


def test_classes_without_a_pixel_are_named_at_every_start(tmp_path):
    dataset = folder(tmp_path, (0, 2), (0,))
    note = "2 of the 4 classes have no pixel in the training labels, so they cannot be learnt"
    for _ in range(2):
        assert f"data: {note}: sky, car" in look(dataset, tmp_path).splitlines()


def test_nothing_is_said_where_all_classes_occur(tmp_path):
    assert len(look(folder(tmp_path, (0, 1), (2, 3)), tmp_path).splitlines()) == 1


@pytest.mark.parametrize(
    ("numbers", "sentence"),
    [
        ((0, 255), r"hold only 0 and 255, so they are probably masks .* data\.classes=binary"),
        ((2,), r"hold pixels of tree only \(the values in them: 2\)"),
        ((2, 255), r"hold pixels of tree only \(the values in them: 2, 255\)"),
        ((255,), r"hold only 0 and 255"),
    ],
)
@pytest.mark.parametrize("name", ["training", "validation"])
def test_a_split_with_a_single_class_is_refused_unless_it_is_meant(
    tmp_path, numbers, sentence, name
):
    dataset = folder(tmp_path, numbers, numbers)
    for _ in range(2):  # also when it is remembered
        with pytest.raises(ValueError, match=f"the {name} labels {sentence}.*allow_empty_classes"):
            look(dataset, tmp_path, name)
    assert look(dataset, tmp_path, name, allow_empty_classes=True, allow=["ignored"])


def test_a_mask_of_a_single_class_is_told_what_it_is(tmp_path):
    with pytest.raises(ValueError, match=r"data\.classes=binary"):
        look(folder(tmp_path, (0, 255), classes=["thing"]), tmp_path)
    assert look(folder(tmp_path / "plain", (0,), classes=["thing"]), tmp_path)
    dataset = folder(tmp_path / "none", (0, 255), classes=["a", "b"], ignored=())
    with pytest.raises(ValueError, match=r"holds 255 on 32 pixels.*read with data\.classes=binary"):
        look(dataset, tmp_path)


def test_a_validation_split_may_lack_classes(tmp_path):
    assert len(look(folder(tmp_path, (0, 1)), tmp_path, "validation").splitlines()) == 1


def test_another_meaning_of_the_numbers_is_another_data_set(tmp_path):
    numbers = ((0, 1, 2, 3),)
    assert "no pixel" not in look(folder(tmp_path, *numbers), tmp_path)
    assert "no pixel" in look(folder(tmp_path, *numbers, classes=(*NAMES, "dog")), tmp_path)
    shifted = folder(tmp_path, *numbers, classes=NAMES[:3], first_label=1, ignored=(0,))
    assert "no pixel" not in look(shifted, tmp_path)


def holding(*numbers):
    return occurrence.Occurrence(frozenset(numbers), frozenset(numbers))


def test_reading_ends_when_every_class_was_seen(tmp_path, monkeypatch):
    dataset = folder(tmp_path, *[(0, 1, 2, 3)] * 40)
    monkeypatch.setattr(occurrence, "TOGETHER", 2)
    monkeypatch.setattr(occurrence.os, "sched_getaffinity", lambda _: {0, 1})
    read = []
    monkeypatch.setattr(
        occurrence, "held", lambda dataset, item: read.append(item) or holding(0, 1, 2, 3)
    )
    assert occurrence.occurrence(dataset, 4).classes == {0, 1, 2, 3}
    assert len(read) == 4
    monkeypatch.setattr(
        occurrence, "held", lambda dataset, item: read.append(item) or holding(item // 20)
    )
    read.clear()
    assert occurrence.occurrence(dataset, 4).classes == {0, 1}
    assert sorted(read) == list(range(40))


def test_a_number_that_means_nothing_ends_it_with_its_file(tmp_path):
    dataset = folder(tmp_path, (0, 1), (0, 9))
    with pytest.raises(ValueError, match=r"1\.png holds 9 on 32 pixels"):
        look(dataset, tmp_path)
