import pytest
import torch

from segadapt.functional.masks import one_hot
from segadapt.functional.prototypes import (
    centers_by_class,
    centers_by_label,
    centers_by_position,
    class_counts,
    dot_scores,
    sum_over_group,
    to_maps,
    to_rows,
)
from segadapt.structures import IGNORE


def test_rows_and_maps_are_two_views_of_one_tensor():
    maps = torch.randn(2, 3, 4, 5)
    rows = to_rows(maps)
    assert torch.equal(rows[1, 2 * 5 + 3], maps[1, :, 2, 3])
    assert torch.equal(to_maps(rows, 4, 5), maps)
    assert rows.data_ptr() == maps.data_ptr()


def test_dot_scores_are_inner_products():
    rows, prototypes = torch.randn(2, 4, 3).double(), torch.randn(2, 5, 3).double()
    scores = dot_scores(rows, 15.0)(prototypes)
    for b in range(2):
        for n in range(4):
            for k in range(5):
                expected = sum(rows[b, n, d] * prototypes[b, k, d] for d in range(3))
                torch.testing.assert_close(scores[b, n, k], expected)


@pytest.mark.parametrize("over", ["classes", "positions"])
def test_soft_centers_are_weighted_sums_by_class_or_by_position(over):
    logits, rows = torch.randn(2, 6, 3).double(), torch.randn(2, 6, 4).double()
    make = centers_by_class if over == "classes" else centers_by_position
    centers = make(logits, rows)
    for b in range(2):
        for k in range(3):
            powers = [logits[b, n].exp() for n in range(6)]
            if over == "classes":
                shares = [p[k] / p.sum() for p in powers]
                shares = [s / sum(shares) for s in shares]
            else:
                shares = [p[k] / sum(q[k] for q in powers) for p in powers]
            expected = sum(s * rows[b, n] for n, s in enumerate(shares))
            torch.testing.assert_close(centers[b, k], expected)


def _labelled(images):
    target = torch.randint(0, 3, (images, 2, 3))
    target[0, 0, 0] = IGNORE
    rows = torch.randn(images, 6, 4, dtype=torch.float64, requires_grad=True)
    return target, rows, torch.randn(5, 4, dtype=torch.float64, requires_grad=True)


def _centers(target, rows, fallback, group):
    member = to_rows(one_hot(target, len(fallback), rows.dtype))
    return centers_by_label(member, class_counts(member), rows, fallback, group)


@pytest.mark.parametrize("group", [1, 2, 3, 5, 99, None])
def test_label_centers_are_means_over_the_group(group):
    target, rows, fallback = _labelled(5)
    centers = _centers(target, rows, fallback, group)
    flat, size = target.flatten(1), group or 5
    for b in range(5):
        first = b // size * size
        for k in range(5):
            members = [
                rows[m, n]
                for m in range(first, min(first + size, 5))
                for n in range(6)
                if flat[m, n] == k
            ]
            expected = sum(members) / len(members) if members else fallback[k]
            torch.testing.assert_close(centers[b, k], expected)


def test_the_last_smaller_group_equals_processing_it_alone():
    target, rows, fallback = _labelled(5)
    alone = _centers(target[4:], rows[4:], fallback, 2)
    torch.testing.assert_close(_centers(target, rows, fallback, 2)[4:], alone)


def test_gradient_of_label_centers_reaches_features_and_never_the_fallback():
    target, rows, fallback = _labelled(3)
    target[0] = IGNORE
    _centers(target, rows, fallback, 1).sum().backward()
    assert fallback.grad is None
    assert rows.grad[0].abs().max() == 0
    assert rows.grad[1].abs().max() > 0


def test_counts_are_exact_beyond_what_half_precision_can_count():
    member = torch.ones(1, 300, 1, dtype=torch.bfloat16)
    assert class_counts(member).item() == 300


def test_sums_over_groups_keep_any_trailing_shape():
    values = torch.arange(5.0)
    assert sum_over_group(values, 2).tolist() == [1, 1, 5, 5, 4]
    assert sum_over_group(values, None).tolist() == [10] * 5
