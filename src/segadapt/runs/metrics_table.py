"""Reading metrics.csv without slow imports."""

import csv
import io
import logging
from pathlib import Path
from typing import Final

from segadapt.text.bounded import MIB, read_bytes

STEP = "step"

METRICS: Final = 64 * MIB
"""Largest size in bytes; with 160 000 logged steps, metrics.csv has about 24 MiB."""

log = logging.getLogger(__name__)


def read_rows(path: Path) -> tuple[list[str], list[dict[str, str]]]:
    """Columns and complete rows of a metrics.csv; a kill may have left an incomplete last row.

    Raises:
        ValueError: If the file was not written by
            :class:`segadapt.training.loggers.metrics_csv.MetricsFile`.
    """
    if not path.is_file():
        return [], []
    whole, _, _ = _text(path).rpartition("\n")
    reader = csv.DictReader(io.StringIO(whole))
    try:
        return _checked(reader, path, whole)
    except csv.Error as error:
        raise ValueError(
            f"{path} is damaged at line {reader.line_num} ({error}); restore the file, or move it "
            "away to log without what it holds"
        ) from error


def _checked(
    reader: csv.DictReader, path: Path, whole: str
) -> tuple[list[str], list[dict[str, str]]]:
    columns = list(reader.fieldnames or [])
    if columns and STEP not in columns:
        raise ValueError(
            f"{path} has no column {STEP!r}, its first line is {whole.splitlines()[0][:80]!r}; "
            "restore the file, or move it away to log without what it holds"
        )
    rows, broken = [], []
    for row in reader:
        complete = None not in row and None not in row.values() and row[STEP].isdecimal()
        rows.append(row) if complete else broken.append(reader.line_num)
    if broken:
        log.warning("%s: incomplete rows are skipped, such as line %d", path, broken[0])
    return columns, rows


def _text(path: Path) -> str:
    """The content, without the byte order mark that some editors add."""
    try:
        return read_bytes(path, METRICS).decode("utf-8-sig").replace("\r\n", "\n").replace("\0", "")
    except UnicodeDecodeError as error:
        byte = error.object[error.start]
        raise ValueError(
            f"{path} is damaged: its byte {error.start} is not text ({byte:#04x}); "
            "restore the file, or move it away to log without what it holds"
        ) from error
