"""What Lightning, logging and callbacks add to a step of a bare loop.

Run it by ``python scripts/benchmark.py overhead [repeats=10]``: so many blocks of 50 steps.

Both loops take turns step by step, in one process and on the same batches. The bare step is done
where Lightning asks for its next batch; what passes from there to its next request is its step,
with everything that any callback and logger does.
"""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from torch.utils.data import IterableDataset

from segadapt.cost.steps import Subject
from segadapt.cost.timing import Reading, cpu_clock
from segadapt.structures import Batch

CONF = Path(__file__).resolve().parents[1] / "conf"
BLOCK: Final = 50
"""Steps that are added up: metrics are logged once in as many."""
WARM_UP: Final = 2
"""Blocks that do not count: in them, the tracker starts its process."""


class Turns(IterableDataset[Batch]):
    """Always the same batch; before each, the bare loop has its turn.

    Args:
        subject: The bare loop.
        steps: How many batches.
    """

    def __init__(self, subject: Subject, steps: int) -> None:
        self.subject, self.steps = subject, steps
        self.bare: list[Reading] = []
        self.lightning: list[Reading] = []

    def __iter__(self) -> Iterator[Batch]:
        for _ in range(self.steps):
            self.bare.append(cpu_clock(self.subject.train_step))
            wall, cpu = time.perf_counter(), time.process_time()
            yield self.subject.batch
            passed = Reading(time.perf_counter() - wall, time.process_time() - cpu)
            self.lightning.append(passed)


def blocks(readings: Sequence[Reading]) -> list[Reading]:
    """Sums over blocks, the first ones left out."""
    starts = range(WARM_UP * BLOCK, len(readings) - BLOCK + 1, BLOCK)
    return [
        Reading(*(sum(times) for times in zip(*readings[i : i + BLOCK], strict=True)))
        for i in starts
    ]
