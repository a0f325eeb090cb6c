import pytest
import torch

from segadapt.losses.parts.pixel_weights import pixel_weights

TARGET = torch.tensor([[[0, 0, 0, 1]], [[0, 255, 255, 255]], [[2, 2, 255, 255]]])


def weights(target=TARGET, **options):
    settings = {
        "importance": torch.ones(target.shape),
        "boundary": None,
        "class_wise": True,
        "all_classes": False,
        "group": None,
        **options,
    }
    return pixel_weights(target, 4, **settings).flatten(1)


def test_every_class_weighs_the_same():
    wanted = torch.tensor(
        [[1 / 12, 1 / 12, 1 / 12, 1 / 3], [1 / 12, 0, 0, 0], [1 / 6, 1 / 6, 0, 0]]
    )
    torch.testing.assert_close(weights(), wanted)


def test_every_group_weighs_the_same_the_smaller_last_one_included():
    wanted = torch.tensor([[1 / 16] * 3 + [1 / 4], [1 / 16, 0, 0, 0], [1 / 4, 1 / 4, 0, 0]])
    torch.testing.assert_close(weights(group=2), wanted)


def test_absent_classes_count_only_where_asked():
    torch.testing.assert_close(weights(all_classes=True), weights() * 3 / 4)


def test_without_classes_every_pixel_weighs_the_same():
    torch.testing.assert_close(weights(class_wise=False), (TARGET != 255).flatten(1) / 7)
    assert weights(class_wise=False, all_classes=True).sum().item() == pytest.approx(1)


def test_importance_is_relative_within_a_class():
    importance = torch.ones(TARGET.shape)
    importance[0, 0, 0] = 5
    assert weights(importance=importance)[0].tolist() == pytest.approx(
        [5 / 24, 1 / 24, 1 / 24, 1 / 3]
    )


def test_both_halves_of_a_class_weigh_the_same_and_a_missing_one_counts_as_zero():
    boundary = torch.zeros(TARGET.shape, dtype=torch.bool)
    boundary[0, 0, 0] = True
    wanted = torch.tensor(
        [[1 / 6, 1 / 18, 1 / 18, 1 / 6], [1 / 18, 0, 0, 0], [1 / 12, 1 / 12, 0, 0]]
    )
    torch.testing.assert_close(weights(boundary=boundary), wanted)


@pytest.mark.parametrize("group", [None, 1, 2])
def test_nothing_labelled_weighs_nothing(group):
    assert not weights(torch.full((3, 2, 2), 255), group=group).any()


def test_no_importance_is_no_division_by_zero():
    assert not weights(importance=torch.zeros(TARGET.shape)).any()
