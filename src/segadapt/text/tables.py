"""Tables of untrusted text for a terminal, or as Markdown, LaTeX or CSV.

For HTML there is the macro ``table`` of ``text/parts.html``.
"""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

from rich import box
from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table as RichTable

from segadapt.text.borders import csv_cell, latex_comment, latex_text, markdown_text
from segadapt.text.terminal import cell

GAP: Final = 2
"""Spaces between columns on a terminal."""


LEAST: Final = 8
"""Least width of a column of words, in characters; below it, long words of heads are folded."""

HEAD: Final = 6
"""Least number of characters in a line of a head."""


class Table(NamedTuple):
    """A table: first columns of words, aligned left, then columns of numbers.

    A console never folds numbers: if the table is too wide, heads and words are folded.
    """

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    foot: Sequence[str] = ()
    """A last row that summarises the others."""
    title: str = ""
    caption: str = ""
    words: int = 1
    """Number of columns that hold words."""

    @property
    def columns(self) -> list[tuple[str, ...]]:
        """Cells by column, with head and foot."""
        foot = [self.foot] if self.foot else []
        return list(zip(self.head, *self.rows, *foot, strict=True))

    def room(self, width: int) -> int:
        """Characters that remain for the words on a terminal of this width."""
        return width - GAP * len(self.head) - sum(map(_whole, self.columns[self.words :]))

    def select(self, kept: Sequence[int]) -> "Table":
        """The table with only some of its columns, including the first column of words."""
        rows = [[row[i] for i in kept] for row in self.rows]
        foot = [self.foot[i] for i in kept] if self.foot else ()
        return self._replace(head=[self.head[i] for i in kept], rows=rows, foot=foot)

    def _widths(self, width: int) -> Sequence[int | None]:
        """Widths of the columns of numbers: None where natural, or as narrow as necessary."""
        numbers = self.columns[self.words :]
        if sum(max(map(len, column)) + GAP for column in self.columns) <= width:
            return [None] * len(numbers)
        if self.room(width) >= LEAST * self.words:
            return [_whole(column) for column in numbers]
        return [max([HEAD, *map(len, cells)]) for _, *cells in numbers]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The table in the available width."""
        widths = self._widths(options.max_width)
        table = RichTable(
            title=cell(self.title, "table.title") if self.title else None,
            caption=cell(self.caption, "table.caption") if self.caption else None,
            box=box.SIMPLE_HEAD,
            show_edge=False,
            pad_edge=False,
            padding=(0, GAP - 1, 0, 0),  # the box adds a space
            title_justify="left",
            caption_justify="left",
            show_footer=bool(self.foot),
        )
        for index, column in enumerate(self.columns):
            number = index >= self.words
            table.add_column(
                cell(column[0]),
                cell(self.foot[index]) if self.foot else "",
                justify="right" if number else "left",
                width=widths[index - self.words] if number else None,
                overflow="fold",
            )
        for row in self.rows:
            table.add_row(*map(cell, row))
        yield table


def markdown_table(table: Table, notes: Iterable[str] = ()) -> str:
    """A pipe table, and the notes as a list below it."""
    head, *rows = [[markdown_text(cell) for cell in row] for row in _lines(table)]
    listed = (f"- {markdown_text(note)}" for note in notes)
    return "\n".join([*pipe_table(head, rows, table.words), "", *listed]) + "\n"


def pipe_table(head: Sequence[str], rows: Iterable[Sequence[str]], words: int) -> list[str]:
    """Lines of a pipe table whose cells are already Markdown.

    Args:
        head: Its first row.
        rows: Its other rows.
        words: Number of columns aligned left; the others are aligned right.
    """
    rule = ["---" if index < words else "---:" for index in range(len(head))]
    return [f"| {' | '.join(row)} |" for row in (head, rule, *rows)]


def latex_table(table: Table, notes: Iterable[str] = ()) -> str:
    """A ``tabular`` with rules of booktabs, and the notes as comments above it."""
    head, *rows = [f"{' & '.join(map(latex_text, row))} \\\\" for row in _lines(table)]
    columns = "l" * table.words + "r" * (len(table.head) - table.words)
    return "\n".join(
        [
            *map(latex_comment, notes),
            f"\\begin{{tabular}}{{{columns}}}",
            *("\\toprule", head, "\\midrule", *rows, "\\bottomrule", "\\end{tabular}\n"),
        ]
    )


def csv_text(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A CSV file for other programs, with unrounded numbers and None as an empty cell."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([csv_cell(value) for value in row] for row in (head, *rows))
    return text.getvalue()


def _lines(table: Table) -> list[Sequence[str]]:
    return [table.head, *table.rows, *([table.foot] if table.foot else [])]


def _whole(column: Sequence[str]) -> int:
    """Width of a column of numbers: its longest cell or word of its head, in characters."""
    head, *cells = column
    return max(map(len, [*head.split(), *cells]), default=0)
