"""Label tables in CSV, as spreadsheets save them."""

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from segadapt.data.label_table.entries import Entries, Entry, LineFault
from segadapt.text.reading import decoded

COLUMNS: Final = ("name", "numbers", "colors", "palette", "r", "g", "b")
"""Column names for the first line, in any order; r, g and b are one colour."""

IGNORED_ROW, OTHERS_ROW = "<ignored>", "<others>"
"""Names of the rows that are not classes."""

SEPARATORS: Final = re.compile(r"[\s,;/|()\[\]]+")
"""Between the numbers or colours of one cell."""

Row = Mapping[str, str]


def csv_entries(file: Path, limit: int) -> Entries:
    """The entries of a CSV file, separated by commas, semicolons or tabs.

    Args:
        file: The file.
        limit: Maximum size, bytes.

    Raises:
        ValueError: If it is not text.
        LineFault: If a row is invalid.
    """
    classes: list[Entry] = []
    ignored: Entry | None = None
    others: tuple[int, str] | None = None
    for line, row in _rows(decoded(file, limit)):
        name = row.get("name", "").strip()
        if name == OTHERS_ROW:
            _once(line, name, others)
            others = (line, "".join(cell.strip() for key, cell in row.items() if key != "name"))
        elif name == IGNORED_ROW:
            _once(line, name, ignored)
            ignored = _entry(line, row)._replace(name="")
        else:
            classes.append(_entry(line, row))
    return Entries(classes, ignored, others)


def _once(line: int, name: str, before: object) -> None:
    if before is not None:
        raise LineFault(line, f"the table has the row {name} twice; keep one")


def _rows(text: str) -> Iterator[tuple[int, Row]]:
    """Rows that are not blank, with their line numbers."""
    head = text.partition("\n")[0]
    separator = max(",;\t", key=head.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        columns = _columns(next(reader, []))
        for cells in reader:
            if len(cells) > len(columns):
                raise LineFault(
                    reader.line_num,
                    f"the row has {len(cells)} cells, but the first line names {len(columns)} "
                    "columns; put cells that hold the separator in quotes",
                )
            if cells:
                yield reader.line_num, dict(zip(columns, cells, strict=False))
    except csv.Error as error:
        raise LineFault(reader.line_num, f"the row is not CSV ({error})") from error


def _columns(cells: Sequence[str]) -> list[str]:
    columns = [cell.strip().lower() for cell in cells]
    if not any(columns):
        raise LineFault(1, f"the line is empty; name the columns: {', '.join(COLUMNS)}")
    wrong = [name for name in columns if name not in COLUMNS]
    colored = [name for name in columns if name in ("r", "g", "b")]
    if wrong or len(set(columns)) < len(columns) or "name" not in columns or len(colored) in (1, 2):
        given = ", ".join(columns)[:80]
        raise LineFault(
            1,
            f"the first line names the columns {given}; name each of these once at most, name "
            f"always, and r, g and b together: {', '.join(COLUMNS)}",
        )
    return columns


def _entry(line: int, row: Row) -> Entry:
    colors = _colors(row.get("colors", ""))
    if any(row.get(key, "").strip() for key in "rgb"):
        colors.append([row.get(key, "").strip() for key in "rgb"])
    palette = _colors(row.get("palette", ""))
    if len(palette) > 1:
        raise LineFault(line, "palette has several colours, but a class is drawn in one; keep one")
    numbers = _parts(row.get("numbers", ""))
    return Entry(line, row["name"], numbers, colors, palette[0] if palette else None)


def _parts(cell: str) -> list[str]:
    return [part for part in SEPARATORS.split(cell) if part]


def _colors(cell: str) -> list[str | Sequence[str]]:
    """Colours in hexadecimal, or numbers of which three each are one."""
    parts = _parts(cell)
    if all(part.isdigit() and len(part) <= 3 for part in parts):
        return [parts[start : start + 3] for start in range(0, len(parts), 3)]
    return [*parts]
