"""Progress of long work: a bar on a terminal, one line per minute elsewhere."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from segadapt.text.terminal import say

EVERY: Final = 60
"""Seconds between two lines."""

Step = Callable[[], None]


class _Rate(ProgressColumn):
    """Column with the number of pieces per second."""

    def __init__(self, unit: str) -> None:
        super().__init__()
        self.unit = unit

    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:.1f} {self.unit}/s" if task.speed else "")


@contextmanager
def progress(console: Console, total: int, unit: str) -> Iterator[Step]:
    """A context that yields a function to call after each piece.

    Args:
        console: Console for the progress.
        total: Number of pieces; 0 if unknown.
        unit: Name of the pieces, such as ``images``.
    """
    if not console.is_terminal:
        yield _lines(console, total, unit)
        return
    columns = (
        TextColumn("predicting"),
        BarColumn(),
        MofNCompleteColumn(),
        _Rate(unit),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as shown:
        task = shown.add_task("", total=total or None)
        yield lambda: shown.advance(task)


def _lines(console: Console, total: int, unit: str) -> Step:
    started = last = time.monotonic()
    done = 0

    def step() -> None:
        nonlocal done, last
        done += 1
        now = time.monotonic()
        if now - last >= EVERY:
            last = now
            rate = done / (now - started)
            rest = f", {(total - done) / rate:.0f} s left" if total else ""
            say(console, f"{done} of {total or '?'} {unit}, {rate:.1f} a second{rest}")

    return step
