"""Cost of a run's network; it is counted in another module, which imports torch."""

from datetime import datetime
from typing import NamedTuple

from segadapt.analysis.comparison.results import Result


class Cost(NamedTuple):
    """Cost of one network."""

    training: int
    """Number of all parameters."""
    deployed: int
    """Number of parameters used by the student's scores, without teacher and auxiliary head."""
    macs: int | None
    """Multiply-adds of the student for one crop, which papers call FLOPs; None for cached features,
    which have no network to count."""
    size: tuple[int, int]
    """Rows and columns of that crop."""


class Latency(NamedTuple):
    """Time for one image."""

    milliseconds: float
    """Median of several rounds, in milliseconds; on a CPU of the CPU time, which other processes
    affect least."""
    least: float
    """The fastest round, in milliseconds."""
    size: tuple[int, int]
    """Rows and columns of the image."""
    where: str
    """The clock, and the GPU or processor."""


def minutes(result: Result) -> float | None:
    """Minutes from start to end; None for a run that was interrupted in between."""
    started, ended = result.state.get("started"), result.state.get("ended")
    if result.state.get("starts", 1) != 1 or not (started and ended):
        return None
    return (datetime.fromisoformat(ended) - datetime.fromisoformat(started)).total_seconds() / 60
