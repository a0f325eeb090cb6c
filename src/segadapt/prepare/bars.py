"""Progress bars for bytes and for things."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

Advance = Callable[[int], None]
"""Takes how much more is done."""


class Bars:
    """Draws one bar after the other.

    Args:
        console: Where to.
    """

    def __init__(self, console: Console) -> None:
        self._console = console

    @contextmanager
    def counted_bytes(self, what: str, total: int | None, done: int = 0) -> Iterator[Advance]:
        """A bar for bytes.

        Args:
            what: Stands before it.
            total: Bytes at its end; None if nobody knows.
            done: Bytes at its beginning.
        """
        columns = (DownloadColumn(), TransferSpeedColumn())
        with self._bar(what, total, done, columns) as advance:
            yield advance

    @contextmanager
    def counted(self, what: str, total: int) -> Iterator[Advance]:
        """A bar for things.

        Args:
            what: Stands before it.
            total: How many things.
        """
        with self._bar(what, total, 0, (MofNCompleteColumn(),)) as advance:
            yield advance

    @contextmanager
    def _bar(
        self, what: str, total: int | None, done: int, columns: tuple[ProgressColumn, ...]
    ) -> Iterator[Advance]:
        before = (TextColumn("{task.description}", markup=False), BarColumn())
        with Progress(*before, *columns, TimeRemainingColumn(), console=self._console) as progress:
            task = progress.add_task(what, total=total, completed=done)
            yield lambda more: progress.advance(task, more)
