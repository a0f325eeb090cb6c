import math

import pytest
import torch

from segadapt.evaluation.inference import strips
from segadapt.evaluation.inference.strips import gather_strips, softmaxed, stored
from segadapt.evaluation.inference.windows import (
    Window,
    WindowRow,
    gaussian,
    merge_windows,
    uniform,
    window_grid,
)

PLACES = [(0, 0), (0, 3), (2, 0), (2, 3)]


def everything(scores):
    return scores


@pytest.fixture(params=[1, 60, 10**6], ids=["rows", "strips", "one"])
def _strip(request, monkeypatch):
    monkeypatch.setattr(strips, "STRIP", request.param)


def rows_of(scores, made=None):
    """Two rows of two windows each, and a record of when they are scored."""

    def score(index):
        if made is not None:
            made.append(index)
        places = zip(PLACES[2 * index :][:2], scores[2 * index :][:2], strict=True)
        return [Window(*at, stored(part)) for at, part in places]

    return [WindowRow(2 * index, 5, lambda index=index: score(index)) for index in range(2)]


@pytest.mark.usefixtures("_strip")
@pytest.mark.parametrize("weights", [uniform, gaussian])
def test_overlapping_windows_are_averaged(weights):
    scores = torch.randn(4, 2, 3, 5, 6)
    weight = weights((5, 6), torch.device("cpu"))
    total, count = torch.zeros(2, 3, 7, 9), torch.zeros(7, 9)
    for (top, left), part in zip(PLACES, scores, strict=True):
        for row in range(5):
            for column in range(6):
                total[:, :, top + row, left + column] += (
                    weight[row, column] * part[:, :, row, column]
                )
                count[top + row, left + column] += weight[row, column]
    found = gather_strips(merge_windows(rows_of(scores), (7, 9), weights), everything)
    torch.testing.assert_close(found, total / count, atol=1e-5, rtol=1e-5)


@pytest.mark.usefixtures("_strip")
def test_each_window_is_scored_once():
    made = []
    gather_strips(merge_windows(rows_of(torch.randn(4, 2, 3, 5, 6), made), (7, 9)), everything)
    assert made == [0, 1]


def test_windows_above_the_strip_are_forgotten():
    made = []
    scores = merge_windows(rows_of(torch.randn(4, 2, 3, 5, 6), made), (7, 9))
    scores.rows(0, 1)
    assert made == [0]
    scores.rows(5, 7)
    scores.rows(0, 1)  # nobody asks for rows again; if so, they are made again
    assert made == [0, 1, 0]


def test_the_bell_is_that_of_the_formula():
    found = gaussian((9, 16), torch.device("cpu"))
    for row in range(9):
        for column in range(16):
            down, right = (row - 4) / (9 / 8), (column - 7.5) / 2
            expected = math.exp(-(down**2 + right**2) / 2)
            assert found[row, column].item() == pytest.approx(expected, rel=1e-5)
    assert gaussian((512, 512), torch.device("cpu")).min() > 0


def test_windows_of_probabilities_are_probabilities():
    window = softmaxed(stored(torch.randn(1, 3, 5, 6)))
    assert merge_windows([WindowRow(0, 5, lambda: [Window(0, 0, window)])], (5, 6)).probable


@pytest.mark.parametrize("length", range(1, 40))
@pytest.mark.parametrize(("side", "step"), [(8, 8), (8, 5), (8, 1), (7, 3)])
def test_windows_cover_every_pixel_and_stay_inside(length, side, step):
    tops, lefts = window_grid((length, 3), (side, 8), (step, 8))
    covered = {pixel for top in tops for pixel in range(top, min(top + side, length))}
    assert covered == set(range(length))
    assert lefts == [0]
    assert all(top + side <= length or top == 0 for top in tops)
    assert len(set(tops)) == len(tops) == max(math.ceil((length - side) / step), 0) + 1


@pytest.mark.parametrize("stride", [[9, 4], [0, 4]])
def test_windows_that_leave_gaps_are_refused(stride):
    with pytest.raises(ValueError, match=r"must be positive and at most the window \[8, 8\]"):
        window_grid((20, 20), (8, 8), stride)
