import resource
import sys
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F

from segadapt.evaluation.inference import strips
from segadapt.evaluation.inference.strips import (
    averaged,
    gather_strips,
    mirrored,
    resized,
    softmaxed,
    stored,
)


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
    found = gather_strips(resized(stored(scores), size), everything)
    torch.testing.assert_close(found, bilinear(scores, size), atol=1e-6, rtol=1e-6)


@pytest.mark.usefixtures("_strip")
def test_resizing_twice_is_resizing_the_result():
    scores = torch.randn(1, 4, 6, 8)
    found = gather_strips(resized(resized(stored(scores), (23, 31)), (40, 17)), everything)
    expected = bilinear(bilinear(scores, (23, 31)), (40, 17))
    torch.testing.assert_close(found, expected, atol=1e-6, rtol=1e-6)


def test_large_maps_differ_by_rounding_only():
    scores = torch.randn(1, 2, 128, 171)
    found = gather_strips(resized(stored(scores), (512, 683)), everything)
    torch.testing.assert_close(found, bilinear(scores, (512, 683)), atol=2e-6, rtol=1e-6)


@pytest.mark.usefixtures("_strip")
def test_what_is_kept_of_each_strip_is_put_together():
    scores = torch.randn(2, 5, 4, 6)
    found = gather_strips(resized(stored(scores), (19, 13)), lambda strip: strip.argmax(1))
    assert found.equal(bilinear(scores, (19, 13)).argmax(1))


def test_half_precision_scores_become_float():
    scores = torch.randn(1, 2, 3, 4, dtype=torch.bfloat16)
    found = gather_strips(resized(stored(scores), (6, 8)), everything)
    torch.testing.assert_close(found, bilinear(scores.float(), (6, 8)))


@pytest.mark.usefixtures("_strip")
def test_mean_of_probabilities():
    first, second = torch.randn(2, 1, 3, 5, 4).unbind()
    found = gather_strips(
        averaged([softmaxed(stored(first)), softmaxed(stored(second))]), everything
    )
    torch.testing.assert_close(found, (first.softmax(1) + second.softmax(1)) / 2)


def test_the_stored_scores_are_not_changed():
    scores = torch.randn(1, 2, 4, 4)
    copy = scores.clone()
    twin = stored(scores)
    gather_strips(averaged([twin, twin]), everything)
    assert scores.equal(copy)


def test_mirroring_exchanges_left_and_right():
    scores = torch.randn(1, 2, 5, 7)
    found = gather_strips(resized(mirrored(stored(scores)), (9, 11)), everything)
    torch.testing.assert_close(found, bilinear(scores.flip(3), (9, 11)), atol=1e-6, rtol=1e-6)


def test_probabilities_are_known_as_such():
    scores = stored(torch.randn(1, 2, 5, 7))
    assert not resized(scores, (3, 3)).probable
    assert resized(averaged([softmaxed(scores)]), (3, 3)).probable


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_what_is_kept_does_not_hold_the_memory_of_what_is_not():
    """A label map between each two of hundreds of strips would keep the heap from shrinking."""
    size, used = (1024, 1024), []
    scores = resized(resized(stored(torch.randn(1, 171, 64, 64)), (256, 256)), size)

    def best(strip):
        used.append(resident())
        top, label = strip.max(1)
        confidence = (strip - top[:, None]).exp_().sum(1).reciprocal_()
        return torch.stack([label.to(top.dtype), confidence], 1)

    assert gather_strips(scores, best).shape == (1, 2, *size)
    assert max(used) - used[0] < 40  # MB, of which the result takes 8


def resident():
    """Memory of this process, MB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20
