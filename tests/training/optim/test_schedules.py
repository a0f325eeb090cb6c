"""Learning rates against mmcv's rules, written as its two steps: decay, then warm-up."""

import copy

import pytest
import torch
from torch import nn

from segadapt.training.optim.schedules import Poly


def mmcv(t, base, total, power, least, warmup, ratio):
    """Rate of iteration t: PolyLrUpdaterHook and linear get_warmup_lr."""
    coefficient = (1 - t / total) ** power
    regular = (base - least) * coefficient + least
    if t >= warmup:
        return regular
    k = (1 - t / warmup) * (1 - ratio)
    return regular * (1 - k)


def optimizer(*rates):
    return torch.optim.SGD([{"params": [nn.Parameter(torch.ones(1))], "lr": r} for r in rates])


def rates(found, schedule, steps):
    """The rates that each step uses."""
    table = []
    for _ in range(steps):
        table.append([group["lr"] for group in found.param_groups])
        found.step()
        schedule.step()
    return table


@pytest.mark.parametrize("power", [1.0, 0.9])
@pytest.mark.parametrize("least", [0.0, 1e-3])
@pytest.mark.parametrize("warmup", [0, 1, 7, 40])
def test_every_rate_of_a_run(power, least, warmup):
    found = optimizer(0.1, 0.01)
    schedule = Poly(found, 30, power, least, warmup, 1e-6)
    for t, row in enumerate(rates(found, schedule, 30)):
        expected = [mmcv(t, base, 30, power, least, warmup, 1e-6) for base in (0.1, 0.01)]
        assert row == pytest.approx(expected, rel=1e-12)


def test_it_ends_at_the_least_rate_and_stays_there():
    found = optimizer(0.1)
    schedule = Poly(found, 5, 0.9, 1e-3)
    rates(found, schedule, 9)
    assert found.param_groups[0]["lr"] == pytest.approx(1e-3)


def test_a_resumed_schedule_goes_on_exactly():
    whole, parted = optimizer(0.1), optimizer(0.1)
    expected = rates(whole, Poly(whole, 20, 0.9, 0.0, 6), 20)
    schedule = Poly(parted, 20, 0.9, 0.0, 6)
    found = rates(parted, schedule, 8)
    state, state_of_optimizer = copy.deepcopy((schedule.state_dict(), parted.state_dict()))
    again = optimizer(0.1)
    resumed = Poly(again, 20, 0.9, 0.0, 6)
    again.load_state_dict(state_of_optimizer)
    resumed.load_state_dict(state)
    assert found + rates(again, resumed, 12) == expected


@pytest.mark.parametrize(
    ("steps", "warmup", "sentence"),
    [
        (0, 0, r"data\.steps=0; a run has at least one step"),
        (5, -1, r"schedule\.warmup=-1 is negative"),
    ],
)
def test_impossible_lengths_are_refused(steps, warmup, sentence):
    with pytest.raises(ValueError, match=sentence):
        Poly(optimizer(0.1), steps, warmup=warmup)
