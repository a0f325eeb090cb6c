"""Timing of several actions side by side in one process."""

import time
from collections.abc import Callable, Mapping, Sequence
from statistics import quantiles
from typing import NamedTuple

import torch

Action = Callable[[], object]


class Timing(NamedTuple):
    """Seconds that one call took."""

    wall: float
    """Wall time; for work on a GPU, by the GPU's own clock."""
    cpu: float
    """CPU time of all threads of this process, which other processes affect least."""


Clock = Callable[[Action], Timing]


class Spread(NamedTuple):
    """Several measurements of the same thing."""

    median: float
    lower: float
    """First quartile."""
    upper: float
    """Third quartile."""


def clock_for(device: torch.device) -> Clock:
    """The clock for work on a device."""
    return cuda_clock if device.type == "cuda" else cpu_clock


def cpu_clock(action: Action) -> Timing:
    """Time a call that has finished its work when it returns."""
    wall, cpu = time.perf_counter(), time.process_time()
    action()
    return Timing(time.perf_counter() - wall, time.process_time() - cpu)


def cuda_clock(action: Action) -> Timing:
    """Time a call whose work continues on the GPU when it returns."""
    start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    torch.cuda.synchronize()
    cpu = time.process_time()
    start.record()
    action()
    end.record()
    cpu = time.process_time() - cpu
    torch.cuda.synchronize()
    return Timing(start.elapsed_time(end) / 1000, cpu)


def alternate(
    actions: Mapping[str, Action], repeats: int, clock: Clock = cpu_clock, warm_up: int = 2
) -> dict[str, list[Timing]]:
    """Time several actions in turns, so that a busy machine slows all of them alike.

    Args:
        actions: Actions by name. Each round begins with another one.
        repeats: Number of rounds.
        clock: Function that times a call.
        warm_up: Number of calls of each action that do not count.
    """
    for action in actions.values():
        for _ in range(warm_up):
            action()
    names = list(actions)
    readings: dict[str, list[Timing]] = {name: [] for name in names}
    for turn in range(repeats):
        first = turn % len(names)
        for name in names[first:] + names[:first]:
            readings[name].append(clock(actions[name]))
    return readings


def spread(values: Sequence[float]) -> Spread:
    """Median and quartiles."""
    if len(values) == 1:
        return Spread(values[0], values[0], values[0])
    lower, middle, upper = quantiles(values, n=4, method="inclusive")
    return Spread(middle, lower, upper)


def ratio(values: Sequence[float], base: Sequence[float]) -> Spread:
    """Ratio to the base: of each round by itself, then the median and quartiles."""
    return spread([value / other for value, other in zip(values, base, strict=True)])


def seconds(readings: Sequence[Timing], kind: str) -> list[float]:
    """The ``wall`` or ``cpu`` time of every round."""
    return [reading._asdict()[kind] for reading in readings]
