"""Two ways to show how far a training is: a bar on a terminal, lines elsewhere."""

import time
from abc import ABC, abstractmethod

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)


class Display(ABC):
    """Where progress is shown."""

    @abstractmethod
    def start(self, step: int, steps: int) -> None:
        """Begin at ``step`` of ``steps`` optimiser steps."""

    @abstractmethod
    def show(self, step: int, rate: float, status: str) -> None:
        """Tell how far it is; ``rate`` is in steps a second."""

    @abstractmethod
    def stop(self) -> None:
        """Give the terminal back."""


class Bar(Display):
    """A bar that stays below whatever else is printed."""

    def __init__(self, console: Console) -> None:
        self.progress = Progress(
            TextColumn("training"),
            BarColumn(bar_width=None),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[status]}"),
            console=console,
            auto_refresh=False,  # no thread beside the training
            expand=True,
        )

    def start(self, step: int, steps: int) -> None:
        self.task = self.progress.add_task("", total=steps, completed=step, status="")
        self.progress.start()

    def show(self, step: int, rate: float, status: str) -> None:
        status = f"{rate:.2f} steps/s  {status}"
        self.progress.update(self.task, completed=step, status=status, refresh=True)

    def stop(self) -> None:
        self.progress.stop()


class Lines(Display):
    """A line every so many steps and at the last one, for files and pipes."""

    def __init__(self, console: Console, every: int) -> None:
        self.console, self.every = console, every

    def start(self, step: int, steps: int) -> None:
        self.shown, self.steps = step, steps

    def show(self, step: int, rate: float, status: str) -> None:
        due = step // self.every > self.shown // self.every or step == self.steps
        if due and step > self.shown:
            self.shown = step
            left = time.strftime("%H:%M:%S", time.gmtime((self.steps - step) / max(rate, 1e-9)))
            line = f"step {step}/{self.steps}  {rate:.2f} steps/s  left {left}  {status}"
            self.console.print(line, highlight=False, soft_wrap=True)

    def stop(self) -> None:
        pass
