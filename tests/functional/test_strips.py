import pytest
import torch
import torch.nn.functional as F

from segadapt.functional import strips
from segadapt.functional.strips import Window, averaged, collect, pasted, resized, softmaxed, stored


def bilinear(scores, size):
    return F.interpolate(scores, size=size, mode="bilinear", align_corners=False)


def everything(scores):
    return scores


@pytest.fixture(params=[1, 60, 10**6], ids=["rows", "strips", "one"])
def _strip(request, monkeypatch):
    monkeypatch.setattr(strips, "STRIP", request.param)


@pytest.mark.usefixtures("_strip")
@pytest.mark.parametrize("size", [(31, 45), (7, 5), (1, 1), (11, 40), (64, 9)])
def test_strips_are_the_rows_of_the_resized_scores(size):
    scores = torch.randn(2, 3, 11, 9)
    found = collect(resized(stored(scores), size), everything)
    torch.testing.assert_close(found, bilinear(scores, size), atol=1e-6, rtol=1e-6)


@pytest.mark.usefixtures("_strip")
def test_resizing_twice_is_resizing_the_result():
    scores = torch.randn(1, 4, 6, 8)
    found = collect(resized(resized(stored(scores), (23, 31)), (40, 17)), everything)
    expected = bilinear(bilinear(scores, (23, 31)), (40, 17))
    torch.testing.assert_close(found, expected, atol=1e-6, rtol=1e-6)


def test_large_maps_differ_by_rounding_only():
    scores = torch.randn(1, 2, 128, 171)
    found = collect(resized(stored(scores), (512, 683)), everything)
    torch.testing.assert_close(found, bilinear(scores, (512, 683)), atol=2e-6, rtol=1e-6)


@pytest.mark.usefixtures("_strip")
def test_what_is_kept_of_each_strip_is_put_together():
    scores = torch.randn(2, 5, 4, 6)
    found = collect(resized(stored(scores), (19, 13)), lambda strip: strip.argmax(1))
    assert found.equal(bilinear(scores, (19, 13)).argmax(1))


def test_half_precision_scores_become_float():
    scores = torch.randn(1, 2, 3, 4, dtype=torch.bfloat16)
    found = collect(resized(stored(scores), (6, 8)), everything)
    torch.testing.assert_close(found, bilinear(scores.float(), (6, 8)))


@pytest.mark.usefixtures("_strip")
def test_mean_of_probabilities():
    first, second = torch.randn(2, 1, 3, 5, 4).unbind()
    found = collect(averaged([softmaxed(stored(first)), softmaxed(stored(second))]), everything)
    torch.testing.assert_close(found, (first.softmax(1) + second.softmax(1)) / 2)


@pytest.mark.usefixtures("_strip")
def test_overlapping_windows_are_averaged():
    parts = [(0, 0), (0, 3), (2, 0), (2, 3)]
    scores = torch.randn(4, 2, 3, 5, 6)
    total, count = torch.zeros(2, 3, 7, 9), torch.zeros(7, 9)
    for (top, left), part in zip(parts, scores, strict=True):
        for row in range(5):
            for column in range(6):
                total[:, :, top + row, left + column] += part[:, :, row, column]
                count[top + row, left + column] += 1
    windows = [Window(*at, stored(part)) for at, part in zip(parts, scores, strict=True)]
    torch.testing.assert_close(collect(pasted(windows, (7, 9)), everything), total / count)


def test_the_stored_scores_are_not_changed():
    scores = torch.randn(1, 2, 4, 4)
    copy = scores.clone()
    twin = stored(scores)
    collect(averaged([twin, twin]), everything)
    collect(pasted([Window(0, 0, twin), Window(0, 0, twin)], (4, 4)), everything)
    assert scores.equal(copy)
