from pathlib import Path

import pytest
import torch
from benchmarks import loss_speed, step_beside
from benchmarks.harness import step_server
from benchmarks.loss_speed import Case

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("few", loss_speed.LAYOUTS.values())
def test_both_sides_have_the_same_gradient(few):
    """Of the cross-entropy; smp's Dice is another one than ours."""
    scores, mask = torch.randn(2, 3, 4, 4), torch.randint(3, (2, 16, 16))
    mask[0, :3] = 255
    found = []
    for loss in (loss_speed.plain, lambda *given: loss_speed.fused(*given[:2], few, given[2])):
        given = scores.clone().requires_grad_()
        loss_speed.step(lambda scores, loss=loss: loss(mask, False, scores), given)
        found.append(given.grad)
    torch.testing.assert_close(*found)


@pytest.mark.parametrize("dice", [False, True])
def test_a_case_is_measured_in_all_ways(dice):
    times = loss_speed.measured(Case(2, 1, 8, dice), 2, loss_speed.LAYOUTS)
    assert list(times) == ["plain", "plain, channels last", "planes", "pixels"]
    assert loss_speed.compared(times, "planes") > 0


def test_the_grid_leaves_out_what_needs_too_much_memory():
    grid = list(loss_speed.grid_cases())
    assert Case(300, 16, 512, False) not in grid
    assert Case(300, 1, 512, False) in grid
    assert len(list(loss_speed.cases())) > 30


def test_an_unknown_commit_is_named(tmp_path):
    with (
        pytest.raises(ValueError, match="git cannot check out commit=nothing"),
        step_beside.checked_out("nothing", tmp_path / "tree"),
    ):
        raise AssertionError


def test_the_commit_is_taken_from_the_words():
    assert step_beside.commit_of(["repeats=3", "commit=abc"]) == ("abc", ["repeats=3"])
    assert step_beside.commit_of([]) == (step_beside.COMMIT, [])


@pytest.mark.slow
def test_a_step_of_the_server_trains():
    assert step_server.step_of(ROOT, "fixed")() is None
