import pytest
import torch

from segadapt.functional.class_order import FEW
from segadapt.functional.masks import one_hot
from segadapt.functional.prototypes import (
    centers_by_class,
    centers_by_label,
    centers_by_position,
    dot_scores,
    pixels_per_class,
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


@pytest.mark.parametrize("classes", [2, FEW, FEW + 1])
def test_centers_by_class_and_their_gradients_in_both_orders_of_the_scores(classes):
    logits, rows = torch.randn(2, 30, classes), torch.randn(2, 30, 4)
    inputs = [values.requires_grad_() for values in (logits, rows)]
    exact = [values.detach().double().requires_grad_() for values in inputs]
    shares = exact[0].exp() / exact[0].exp().sum(2, keepdim=True)
    expected = torch.einsum("bnk,bnd->bkd", shares / shares.sum(1, keepdim=True), exact[1])
    centers = centers_by_class(*inputs)
    torch.testing.assert_close(centers.double(), expected, rtol=1e-5, atol=1e-6)
    upstream = torch.randn(centers.shape)
    found = torch.autograd.grad(centers, inputs, upstream)
    for mine, theirs in zip(
        found, torch.autograd.grad(expected, exact, upstream.double()), strict=True
    ):
        torch.testing.assert_close(mine.double(), theirs, rtol=1e-5, atol=1e-6)


def test_centers_of_no_image():
    assert centers_by_class(torch.zeros(0, 6, 3), torch.zeros(0, 6, 4)).shape == (0, 3, 4)


def _labelled(images):
    target = torch.randint(0, 3, (images, 2, 3))
    target[0, 0, 0] = IGNORE
    rows = torch.randn(images, 6, 4, dtype=torch.float64, requires_grad=True)
    return target, rows, torch.randn(5, 4, dtype=torch.float64, requires_grad=True)


def _centers(target, rows, fallback, group):
    member = to_rows(one_hot(target, len(fallback), rows.dtype))
    return centers_by_label(member, pixels_per_class(member), rows, fallback, group)


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
    assert pixels_per_class(member).item() == 300


def test_sums_over_groups_keep_any_trailing_shape():
    values = torch.arange(5.0)
    assert sum_over_group(values, 2).tolist() == [1, 1, 5, 5, 4]
    assert sum_over_group(values, None).tolist() == [10] * 5


@pytest.mark.parametrize("autocast", [False, True])
@pytest.mark.parametrize("make", [centers_by_class, centers_by_position, "labels"])
def test_means_of_a_large_map_fit_into_half_precision(make, autocast):
    cells = 2**17  # with a mean of 1.2 their sum is 157,000; float16 ends at 65,504
    rows = (1.2 + 0.1 * torch.randn(1, cells, 2)).half()
    logits = torch.tensor([0.0, 3.0, -9.0]) + 0.5 * torch.randn(1, cells, 3)
    target = torch.zeros(1, 1, cells, dtype=torch.long)
    target[0, 0, :3] = torch.tensor([1, 1, 2])
    exact, shares = rows.double()[0], logits.double()[0]
    if make == "labels":
        weights = torch.eye(3, dtype=torch.float64)[target.flatten()]
    elif make is centers_by_class:
        weights = shares.softmax(1)
    else:
        weights = shares.softmax(0)
    wanted = torch.stack([(w[:, None] * exact).sum(0) / w.sum() for w in weights.T])
    given = rows.float() if autocast else rows
    with torch.autocast("cpu", torch.float16, enabled=autocast):
        if make == "labels":
            member = to_rows(one_hot(target, 3, given.dtype))
            fallback = torch.zeros(3, 2)
            centers = centers_by_label(member, pixels_per_class(member), given, fallback, group=1)
        else:
            centers = make(logits, given)
    assert centers.dtype == torch.float32
    torch.testing.assert_close(centers[0].double(), wanted, rtol=2e-3, atol=0)


@pytest.mark.parametrize("make", [centers_by_class, centers_by_position])
def test_gradients_of_means_in_half_precision_are_those_of_single_precision(make):
    logits, rows = torch.randn(1, 512, 3), torch.randn(1, 512, 4)
    found = []
    for dtype in (torch.float16, torch.float32):
        inputs = [logits.clone().requires_grad_(), rows.to(dtype).requires_grad_()]
        made = make(*inputs).square().sum() * 1000  # about what a loss scale does
        found.append([x.float() for x in torch.autograd.grad(made, inputs)])
    for half, single in zip(*found, strict=True):
        torch.testing.assert_close(half, single, rtol=0.02, atol=float(single.abs().max()) / 200)
