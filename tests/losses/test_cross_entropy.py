import equations
import pytest
import torch
import torch.nn.functional as F
from cases import close, gradient, labels, logits

from segadapt.losses.cross_entropy import CrossEntropy
from segadapt.losses.parts.fused import fused_loss


@pytest.mark.parametrize("mean", ["all", "valid"])
@pytest.mark.parametrize("group", [None, 1, 2, 3])
@pytest.mark.parametrize("weighted", [False, True])
def test_equals_the_equation(mean, group, weighted):
    scores, mask = logits(3, 4, 5, 6), labels(3, 5, 6, 4)
    mask[2] = 255
    factors = [0.5, 2.0, 1.0, 3.0] if weighted else None
    mine = fused_loss([CrossEntropy(mean, weight=factors)], scores, mask, group=group)
    theirs = equations.cross_entropy(scores, mask, mean, group, factors)
    close(mine, theirs, 1e-7 if weighted else 1e-9)
    close(*gradient(mine, scores), *gradient(theirs, scores), 1e-7 if weighted else 1e-9)


@pytest.mark.parametrize("weight", [None, [0.5, 2.0, 1.0, 3.0, 0.0]])
def test_valid_mean_of_one_group_is_torch(weight):
    scores, mask = logits(2, 5, 7, 6), labels(2, 7, 6, 5)
    factors = None if weight is None else torch.tensor(weight, dtype=torch.float64)
    theirs = F.cross_entropy(scores, mask, factors, ignore_index=255)
    close(CrossEntropy("valid", weight=weight)(scores, mask), theirs)


def test_ignored_pixels_do_not_matter_but_for_the_mean_over_all():
    scores, mask = logits(1, 3, 4, 4), labels(1, 4, 4, 3)
    other = scores.detach().clone()
    other[:, :, 0] += 7 * torch.randn(1, 3, 4)
    for mean in ("all", "valid"):
        loss = CrossEntropy(mean)
        assert loss(scores, mask) == loss(other, mask)
    ratio = CrossEntropy("all")(scores, mask) / CrossEntropy("valid")(scores, mask)
    assert ratio.item() == pytest.approx(12 / 16)


@pytest.mark.parametrize("mean", ["all", "valid"])
def test_nothing_labelled_is_zero_with_zero_gradient(mean):
    scores, mask = logits(2, 3, 4, 4), torch.full((2, 4, 4), 255)
    loss = CrossEntropy(mean)(scores, mask)
    assert loss.item() == 0
    assert not gradient(loss, scores)[0].any()


def test_large_scores_lose_nothing():
    scores = torch.tensor([[300.0, -300.0, 0.0]]).view(1, 3, 1, 1)
    mask = torch.ones(1, 1, 1, dtype=torch.long)
    assert CrossEntropy()(scores, mask).item() == 600
    assert CrossEntropy()(scores[:, :2], mask).item() == 600


def test_one_class_costs_nothing():
    scores = logits(1, 1, 3, 3)
    loss = CrossEntropy()(scores, torch.zeros(1, 3, 3, dtype=torch.long))
    assert loss.item() == 0
    assert not gradient(loss, scores)[0].any()


def test_another_label_can_be_ignored():
    scores, mask = logits(1, 3, 4, 4), labels(1, 4, 4, 3)
    theirs = F.cross_entropy(scores, mask.where(mask != 255, 1), ignore_index=1)
    close(CrossEntropy(ignore=1)(scores, mask.where(mask != 255, 1)), theirs)


@pytest.mark.parametrize("ignore", [-100, 2**20])
def test_any_label_can_be_ignored(ignore):
    scores, mask = logits(2, 3, 4, 4), labels(2, 4, 4, 3)
    theirs = F.cross_entropy(scores, mask, ignore_index=255)
    mine = CrossEntropy(ignore=ignore)(scores, mask.where(mask != 255, ignore))
    close(mine, theirs)
    close(*gradient(mine, scores), *gradient(theirs, scores))


def test_a_label_that_is_not_exact_cannot_be_ignored():
    with pytest.raises(ValueError, match="ignore is 1099511627776; choose a label from"):
        CrossEntropy(ignore=2**40)


def test_unknown_mean_is_refused():
    with pytest.raises(ValueError, match=r"cross-entropy 'sum'\. Available: all, valid"):
        CrossEntropy("sum")


def test_one_weight_for_each_class():
    with pytest.raises(ValueError, match="2 class weights for 3 classes"):
        CrossEntropy(weight=[1.0, 1.0])(logits(1, 3, 2, 2), labels(1, 2, 2, 3))
