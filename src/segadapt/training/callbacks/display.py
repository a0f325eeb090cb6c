"""Displays of the progress of a training: a bar on a terminal, lines elsewhere.

The bar is not Lightning's ``RichProgressBar``, whose refresh thread may hold rich's lock at the
moment in which a loader process is forked. A loader that then prints a warning waits forever, and
the training with it (seen at the first validations, with lightning 2.6.6 and rich 15.0). It also
counts batches where steps are meant (``12/4`` for 4 steps of 3 accumulated batches).
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Column

from segadapt.text.terminal import say


class Display(ABC):
    """Interface of progress displays."""

    @abstractmethod
    def start(self, step: int, steps: int) -> None:
        """Start at ``step`` of ``steps`` optimiser steps."""

    @abstractmethod
    def show(self, step: int, rate: float, status: str) -> None:
        """Show the progress; ``rate`` is in steps per second."""

    @abstractmethod
    def note(self, text: str) -> None:
        """Print a message that is not about a step."""

    @abstractmethod
    def stop(self) -> None:
        """Stop the display."""


WIDE = 100
"""Width of a terminal on which everything fits, in columns."""

FIXED = len(" left 00:00:00 ")
"""Width of the remaining time, in columns."""

SHORTEST = 8
"""Least width of the bar, in columns."""


class Bar(Display):
    """A progress bar that stays below all other output.

    In a narrow terminal the steps and the remaining time are always shown; other parts only if they
    fit.
    """

    def __init__(self, console: Console) -> None:
        wide = console.width >= WIDE
        self.progress = Progress(
            *([TextColumn("training")] if wide else []),
            BarColumn(bar_width=None),
            MofNCompleteColumn(table_column=Column(no_wrap=True)),
            *([TimeElapsedColumn()] if wide else []),
            TextColumn("left"),
            TimeRemainingColumn(table_column=Column(no_wrap=True)),
            TextColumn("{task.fields[status]}"),
            console=console,
            auto_refresh=False,  # no refresh thread
            expand=True,
        )

    def start(self, step: int, steps: int) -> None:
        self.steps = steps
        self.task = self.progress.add_task("", total=steps, completed=step, status="")
        self.progress.start()

    def show(self, step: int, rate: float, status: str) -> None:
        parts = [f"{rate:.2f} steps/s", *status.split("  ")]
        counter = 2 * len(str(self.steps)) + 1
        width = self.progress.console.width
        if width < WIDE:
            parts = fitting(parts, width - counter - FIXED - SHORTEST)
        self.progress.update(self.task, completed=step, status="  ".join(parts), refresh=True)

    def note(self, text: str) -> None:
        self.progress.update(self.task, status=text, refresh=True)

    def stop(self) -> None:
        self.progress.stop()


def fitting(parts: Sequence[str], width: int) -> list[str]:
    """The last texts that fit next to each other into a width."""
    kept = list(parts)
    while kept and len("  ".join(kept)) > width:
        kept.pop(0)
    return kept


def clock(seconds: float) -> str:
    """A duration in hours, minutes and seconds, of which the hours may exceed 24."""
    minutes, second = divmod(int(seconds), 60)
    hour, minute = divmod(minutes, 60)
    return f"{hour:02d}:{minute:02d}:{second:02d}"


class Lines(Display):
    """Lines at regular steps and at the last one, for files and pipes."""

    def __init__(self, console: Console, every: int) -> None:
        self.console, self.every = console, every

    def start(self, step: int, steps: int) -> None:
        self.shown, self.steps = step, steps

    def show(self, step: int, rate: float, status: str) -> None:
        due = step // self.every > self.shown // self.every or step == self.steps
        if due and step > self.shown:
            self.shown = step
            left = clock((self.steps - step) / max(rate, 1e-9))
            line = f"step {step}/{self.steps}  {rate:.2f} steps/s  left {left}  {status}"
            say(self.console, line)

    def note(self, text: str) -> None:
        say(self.console, text)

    def stop(self) -> None:
        pass
