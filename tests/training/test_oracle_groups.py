import pytest

from segadapt.training.oracle_groups import check_groups


def test_groups_that_fit_need_no_word():
    assert check_groups(4, 16, 4, allowed=False) is None
    assert check_groups(None, 3, 3, allowed=False) is None


def test_a_split_that_makes_groups_smaller_is_refused_unless_allowed():
    with pytest.raises(ValueError, match=r"pool 2\. Set data\.batch_size=32"):
        check_groups(4, 16, 8, allowed=False)
    assert "pools only 2" in check_groups(4, 16, 8, allowed=True)


def test_a_small_batch_and_a_smaller_last_group_are_told():
    assert "pools only 2" in check_groups(4, 2, 1, allowed=False)
    assert "of every 14 images has 2, not 4" in check_groups(4, 14, 1, allowed=False)
