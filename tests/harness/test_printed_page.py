"""The section on what SSA prints: why a number is not the counted one."""

from decimal import Decimal

import pytest
from benchmarks import printed
from benchmarks.harness.page import sections
from benchmarks.printed import ADE20K, CONTEXT, PRINTED, main, remark, rounded


@pytest.mark.parametrize(
    ("row", "found", "sentence"),
    [
        (("upernet_swin", "ssa", ADE20K), "236.326", ""),
        (("seaformer_base", "fixed", CONTEXT), "1.5455", "rounded twice, via 1.55"),
        (("segformer_mit_b5", "ssa", ADE20K), "52.535", "52.554 if batch norms are counted"),
        (("upernet_swin", "ssa", ADE20K), "230", "unexplained"),
    ],
)
def test_a_remark_says_why_a_printed_number_is_another(row, found, sentence):
    said = remark(*row, Decimal(found))
    assert said.startswith(sentence)
    assert bool(said) == bool(sentence)


def test_other_classes_are_tried(monkeypatch):
    counts = {"fixed": Decimal("362.918"), "ssa": Decimal("363.149")}
    monkeypatch.setattr(printed, "giga", lambda name, classifier, setting: counts[classifier])
    row = ("upernet_swin_large_window7", "fixed", CONTEXT)
    assert remark(*row, Decimal("362.246")) == "362.918 with the 150 classes of ADE20K"
    row = ("upernet_swin_large_window7", "ssa", CONTEXT)
    said = "363.149 with the 150 classes of ADE20K, rounded twice"
    assert remark(*row, Decimal("362.382")) == said


def test_halves_are_rounded_up():
    assert [rounded(number, 1) for number in ("1.55", "1.65", "1.549")] == ["1.6", "1.7", "1.5"]


def test_words_are_refused():
    with pytest.raises(ValueError, match="takes no 'tiny'"):
        main(["tiny"])


def test_the_committed_section_has_every_printed_number():
    lines = [line for line in sections()["Printed by SSA"].splitlines() if line.startswith("| ")]
    cells = [line[2:-2].split(" | ") for line in lines[1:]]
    assert {(*row[:2], row[2], row[6]) for row in cells} == {
        (name, classifier, setting.data, number)
        for (name, classifier, setting), number in PRINTED.items()
    }
    for *_, counted, number, why in cells:
        assert bool(why) == (rounded(counted, 1) != number)
        assert why != "unexplained"
