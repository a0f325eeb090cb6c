import pytest

from segadapt.text.choices import check_choice, unknown


def test_an_unknown_name_is_answered_with_the_available_ones():
    assert unknown("split", "x", ("train", "val")) == "Unknown split 'x'. Available: train, val."
    assert unknown("checkpoint", "x", (), "in runs/7") == (
        "Unknown checkpoint 'x' in runs/7. Available: none."
    )


def test_a_suggestion_stands_between_the_two_sentences():
    assert unknown("verb", "trian", ["train"], suggestion=" Did you mean 'train'?") == (
        "Unknown verb 'trian'. Did you mean 'train'? Available: train."
    )


def test_only_available_names_pass():
    check_choice("mean", "valid", {"valid": 1, "all": 2})
    with pytest.raises(ValueError, match=r"^Unknown mean 'none'\. Available: valid, all\.$"):
        check_choice("mean", "none", {"valid": 1, "all": 2})
