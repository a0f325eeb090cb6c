import equations
import pytest
import torch
from cases import close, gradient, labels, logits

from segadapt.losses import dice
from segadapt.losses.dice import Dice

SETTINGS = [(False, 1.0), (True, 0.0), (True, 2.5)]


@pytest.fixture(params=["classes present", "every class"])
def _way(request, monkeypatch):
    """What the CPU does, and what a GPU does (all classes, so that nothing waits)."""
    if request.param == "every class":
        of_images = dice._DiceOfImages
        monkeypatch.setattr(
            dice,
            "_DiceOfImages",
            lambda *given: of_images(*given[:-1], only_present=False),
        )


@pytest.mark.usefixtures("_way")
@pytest.mark.parametrize(("squared", "smoothing"), SETTINGS)
def test_equals_the_equation(squared, smoothing):
    scores, mask = logits(3, 5, 6, 7), labels(3, 6, 7, 5)
    mask[2] = 255
    mine = Dice(squared, smoothing)(scores, mask)
    theirs = equations.dice(scores, mask, squared, smoothing)
    close(mine, theirs, 1e-7)
    close(*gradient(mine, scores), *gradient(theirs, scores), 1e-7)


@pytest.mark.usefixtures("_way")
def test_nothing_labelled_is_zero_with_zero_gradient():
    scores = logits(2, 3, 4, 4)
    loss = Dice()(scores, torch.full((2, 4, 4), 255))
    assert loss.item() == 0
    assert not gradient(loss, scores)[0].any()


@pytest.mark.usefixtures("_way")
def test_classes_absent_from_the_image_get_no_gradient():
    scores, mask = logits(2, 4, 5, 5), labels(2, 5, 5, 4)
    (slope,) = gradient(Dice()(scores, mask), scores)
    assert not slope[:, 3].any()
    assert slope[:, :3].all()


def test_ignored_pixels_are_negatives():
    scores, mask = logits(1, 2, 4, 4), torch.zeros(1, 4, 4, dtype=torch.long)
    mask[0, 0] = 255
    (slope,) = gradient(Dice()(scores, mask), scores)
    assert (slope[0, 0, 0] > 0).all()  # a higher share there is worse


def test_perfect_scores_cost_nothing():
    mask = labels(2, 6, 6, 4)
    scores = torch.stack([(mask == k).double() * 200 - 100 for k in range(4)], 1)
    assert Dice()(scores, mask).item() == pytest.approx(0, abs=1e-12)


def test_the_average_is_over_all_ranks(monkeypatch):
    """Two ranks, the other with three times as many pairs: this one's share of the global mean."""
    monkeypatch.setattr(dice, "sum_over_ranks", lambda pairs: 4 * pairs)
    monkeypatch.setattr(dice, "world_size", lambda: 2)
    scores, mask = logits(2, 4, 5, 5), labels(2, 5, 5, 4)
    close(Dice()(scores, mask), equations.dice(scores, mask) / 2, 1e-7)


def test_negative_smoothing_is_refused():
    with pytest.raises(ValueError, match="Dice loss is -1"):
        Dice(smoothing=-1.0)
