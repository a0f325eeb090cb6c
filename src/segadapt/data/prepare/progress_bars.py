"""Progress bars for bytes and for things."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

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
from rich.table import Column

from segadapt.text.borders import printable

Advance = Callable[[int], None]
"""Takes how much more is done."""

CUT: Final = Column(no_wrap=True, overflow="ellipsis", ratio=1)
"""The only column that shrinks on narrow terminals."""


def whole() -> Column:
    """A column that is never broken."""
    return Column(no_wrap=True)


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
        columns = (DownloadColumn(table_column=whole()), TransferSpeedColumn(table_column=whole()))
        with self._bar(what, total, done, columns) as advance:
            yield advance

    @contextmanager
    def counted(self, what: str, total: int) -> Iterator[Advance]:
        """A bar for things.

        Args:
            what: Stands before it.
            total: How many things.
        """
        with self._bar(what, total, 0, (MofNCompleteColumn(table_column=whole()),)) as advance:
            yield advance

    @contextmanager
    def _bar(
        self, what: str, total: int | None, done: int, columns: tuple[ProgressColumn, ...]
    ) -> Iterator[Advance]:
        text = TextColumn("{task.description}", markup=False, table_column=CUT)
        before = (text, BarColumn(bar_width=20))
        left = TimeRemainingColumn(table_column=whole())
        with Progress(*before, *columns, left, console=self._console) as progress:
            task = progress.add_task(printable(what), total=total, completed=done)
            yield lambda more: progress.advance(task, more)
