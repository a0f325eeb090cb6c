import pytest
import torch

from segadapt.losses.cross_entropy import CrossEntropy
from segadapt.losses.dice import Dice
from segadapt.losses.objective import Objective
from segadapt.losses.parts import label_counts
from segadapt.losses.parts.label_counts import labels_per_image
from segadapt.losses.supervised import Supervised
from segadapt.structures import Branch, Prediction


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int32, torch.int64])
def test_counts_pixels_of_each_image_and_class(dtype):
    mask = torch.randint(4, (3, 5, 6))
    mask[0] = 255
    wanted = [[int((labels == k).sum()) for k in range(4)] for labels in mask]
    assert labels_per_image(mask.to(dtype), 4).tolist() == wanted


@pytest.mark.parametrize("size", [(4, 6), (2, 5), (3, 5)])
@pytest.mark.parametrize("classes", [1, 2, 11, 63, 70])
@pytest.mark.parametrize("ignore", [255, 0, -1, None])
def test_counts_of_labels_that_are_counted_together(size, classes, ignore):
    """By four, two or one: the size of an image and the number of classes say how many."""
    mask = torch.randint(classes, (3, *size))
    if ignore is not None:
        mask[torch.rand(mask.shape) < 0.3] = ignore
    wanted = [[int((labels == k).sum()) * (k != ignore) for k in range(classes)] for labels in mask]
    ignore = 255 if ignore is None else ignore
    assert labels_per_image(mask, classes, ignore).tolist() == wanted


def test_no_pixels_are_counted_as_none():
    assert labels_per_image(torch.zeros(2, 0, 3, dtype=torch.long), 4).tolist() == [[0] * 4] * 2


@pytest.mark.parametrize("wrong", [4, 254, 256, -1])
def test_a_label_outside_the_classes_is_named(wrong):
    mask = torch.full((1, 3, 3), 255)
    mask[0, 1, 1] = wrong
    with pytest.raises(ValueError, match=f"the labels hold {wrong}, but there are 4 classes"):
        labels_per_image(mask, 4)


def test_another_label_can_be_ignored():
    mask = torch.tensor([[[0, 7, 1]]])
    assert labels_per_image(mask, 2, ignore=7).tolist() == [[1, 1]]
    with pytest.raises(ValueError, match="the labels hold 255"):
        labels_per_image(torch.tensor([[[255]]]), 2, ignore=7)


@pytest.mark.parametrize("ignore", [1, -100, 2**20])
def test_any_label_can_be_ignored(ignore):
    mask = torch.tensor([[[0, ignore, 2, ignore]]])
    assert labels_per_image(mask, 3, ignore).tolist() == [[1, 0, 1]]
    with pytest.raises(ValueError, match=f"the labels hold 3, .* and {ignore} for pixels"):
        labels_per_image(torch.tensor([[[0, 3, ignore]]]), 3, ignore)


def test_several_wrong_labels_beside_ignored_ones():
    with pytest.raises(ValueError, match=r"the labels hold 25[34]"):
        labels_per_image(torch.tensor([[[0, 253, 254, 255]]]), 3)


@pytest.mark.parametrize("ignore", [0, 255])
def test_without_a_check_no_other_label_counts_for_a_class_of_any_image(ignore):
    """As on a GPU, where 255 in the first of 16 images was class 15 of the thirteenth."""
    mask = torch.randint(19, (16, 4, 5))
    mask[0, 0] = torch.tensor([255, -1, 19, 20, 2**20])
    mask[15, 3] = 255
    wanted = [[int((labels == k).sum()) * (k != ignore) for k in range(19)] for labels in mask]
    assert label_counts._elsewhere(mask, 19, ignore).tolist() == wanted


@pytest.fixture
def counted(monkeypatch):
    """The labels that were counted."""
    masks, count = [], label_counts._on_cpu

    def counting(mask, *options):
        masks.append(mask)
        return count(mask, *options)

    monkeypatch.setattr(label_counts, "_on_cpu", counting)
    return masks


def test_an_objective_counts_the_labels_of_a_step_once(counted):
    branches = ("student", "coarse", "teacher")
    pixel = [CrossEntropy("valid"), CrossEntropy("all"), Dice()]
    terms = {name: Supervised(name, pixel) for name in branches}
    objective = Objective(terms, dict.fromkeys(branches, 1))
    scores = {name: Branch(torch.randn(2, 3, 2, 2)) for name in branches}
    first, second = torch.randint(3, (2, 2, 8, 8)).unbind()
    for mask in (first, second):
        together = objective(Prediction(**scores), mask)
        alone = sum(terms[name](Prediction(**scores), mask) for name in branches)
        assert together.total.item() == pytest.approx(alone.item())
    assert [mask is first for mask in counted] == [True] * (1 + 9) + [False] * (1 + 9)


def test_what_is_ignored_is_counted_apart(counted):
    mask = torch.tensor([[[0, 1, 1, 2]]])
    with label_counts.counted_once():
        for _ in range(2):
            assert labels_per_image(mask, 3).tolist() == [[1, 2, 1]]
            assert labels_per_image(mask, 3, ignore=1).tolist() == [[1, 0, 1]]
            assert labels_per_image(mask, 4).tolist() == [[1, 2, 1, 0]]
    assert len(counted) == 3
    mask[:] = 0
    assert labels_per_image(mask, 3).tolist() == [[4, 0, 0]]
