import math

import pytest
import torch

from segadapt.evaluation.metrics.adaptation import adaptation, gap_closed, outcome_counts
from segadapt.evaluation.metrics.confusion_matrix import scores
from segadapt.structures import IGNORE

K = 4


def test_outcomes_are_those_of_a_loop_over_pixels():
    coarse, student, mask = (torch.randint(K, (2, 9, 11)) for _ in range(3))
    mask[:, 0] = IGNORE
    found = adaptation(outcome_counts(coarse, student, mask.to(torch.uint8), K))
    expected = {name: [0] * K for name in found._fields}
    for before, after, label in zip(
        coarse.flatten().tolist(), student.flatten().tolist(), mask.flatten().tolist(), strict=True
    ):
        if label != IGNORE:
            outcomes = {(1, 1): "kept", (0, 1): "fixed", (1, 0): "broken", (0, 0): "missed"}
            expected[outcomes[(before == label), (after == label)]][label] += 1
    assert {name: counts.tolist() for name, counts in found._asdict().items()} == expected


@pytest.mark.parametrize("label", [K, K + 1, 254])
def test_a_label_that_is_no_class_is_refused(label):
    mask = torch.tensor([[[0, IGNORE, label]]])
    with pytest.raises(ValueError, match=f"a label of {label} is outside the {K} classes"):
        outcome_counts(mask * 0, mask * 0, mask, K)


def test_the_gap_is_that_from_coarse_to_the_oracle():
    coarse, student, oracle = (
        scores(torch.tensor([[right, 10 - right], [5, 5]])) for right in (2, 5, 8)
    )
    found = gap_closed(coarse, student, oracle)
    for k in range(2):
        way = (oracle.iou[k] - coarse.iou[k]).item()
        expected = (student.iou[k] - coarse.iou[k]).item() / way
        assert found.iou[k].item() == pytest.approx(expected, abs=1e-12)
    expected = (student.miou - coarse.miou) / (oracle.miou - coarse.miou)
    assert found.miou == pytest.approx(expected, abs=1e-12)
    assert gap_closed(coarse, coarse, oracle).miou == 0
    assert gap_closed(coarse, oracle, oracle).iou.tolist() == [1, 1]


def test_where_the_oracle_is_no_better_there_is_no_gap():
    low, high = (scores(torch.tensor([[right, 10 - right], [5, 5]])) for right in (2, 8))
    found = gap_closed(high, low, high)
    assert math.isnan(found.miou)
    assert found.iou.isnan().all()


def test_where_the_oracle_is_hardly_better_the_share_says_nothing():
    """A thousandth of IoU between coarse and oracle would make of 10 points minus 10,000 %."""
    coarse, student, oracle = (
        scores(torch.tensor([[right, 1000 - right], [500, 500]])) for right in (500, 400, 501)
    )
    assert 0 < (oracle.iou - coarse.iou).max() < 0.01
    found = gap_closed(coarse, student, oracle)
    assert math.isnan(found.miou)
    assert found.iou.isnan().all()
