"""What the network of a run costs; counting needs torch, so that is in a module of its own."""

from datetime import datetime
from typing import NamedTuple

from segadapt.analysis.comparison.results import Result


class Cost(NamedTuple):
    """Of one network."""

    training: int
    """All its parameters."""
    deployed: int
    """Those that the student's scores need: neither a teacher's nor an auxiliary head's."""
    macs: int | None
    """Multiply-adds of the student for one crop, which papers call FLOPs; None where features in
    files take the place of images, so that there is no network to count."""
    size: tuple[int, int]
    """Rows and columns of that crop."""


class Latency(NamedTuple):
    """How long one image takes."""

    milliseconds: float
    """Median of several rounds: on a CPU of its time, which other processes move least."""
    least: float
    """The fastest round, in milliseconds."""
    size: tuple[int, int]
    """Rows and columns of the image."""
    where: str
    """By which clock, on which GPU or processor."""


def minutes(result: Result) -> float | None:
    """From start to end; None for a run that was interrupted between."""
    started, ended = result.state.get("started"), result.state.get("ended")
    if result.state.get("starts", 1) != 1 or not (started and ended):
        return None
    return (datetime.fromisoformat(ended) - datetime.fromisoformat(started)).total_seconds() / 60
