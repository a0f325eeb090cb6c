"""metrics.csv: every logged value, with one row per optimiser step, safe against kills."""

import csv
import io
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lightning.pytorch.loggers.logger import Logger
from lightning.pytorch.utilities import rank_zero_only

from segadapt.files import replace_text
from segadapt.runs.metrics_table import STEP, read_rows


class MetricsFile(Logger):
    """Writes metrics.csv, on the first rank.

    Values of one step share a row. The first value that a process logs shows the position of its
    run. Rows of later steps, which an earlier process wrote after its last checkpoint, are then
    dropped, because these steps are repeated. So no step is lost or duplicated.

    Args:
        path: The file.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self._columns: list[str] | None = None
        self._row: dict[str, str] = {}
        self._start = 0
        """Position of the row, in bytes."""

    @property
    def name(self) -> str:
        return "metrics"

    @property
    def version(self) -> None:
        return None

    @rank_zero_only
    def log_hyperparams(self, *args: Any, **kwargs: Any) -> None:
        """Do nothing, because config.yaml holds them."""

    def check(self) -> None:
        """Read the rows of an earlier process, before anything is computed.

        Raises:
            ValueError: If it cannot be continued.
        """
        read_rows(self.path)

    def sync(self) -> None:
        """Flush the file to the disk, so that its rows survive a power cut.

        Raises:
            OSError: If that is not possible.
        """
        if self._columns is None:
            return
        with _named(self.path), self.path.open("rb") as file:
            os.fsync(file.fileno())

    @rank_zero_only
    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        values = {name: repr(float(value)) for name, value in metrics.items()}
        if self._columns is None:
            self._take_up(int(step or 0))
        assert self._columns is not None
        if self._row.get(STEP) == str(step):
            values = {**self._row, **values}
        else:
            self._start = self.path.stat().st_size
            values = {STEP: str(step), **values}
        self._row = values
        if new := [name for name in values if name not in self._columns]:
            self._widen(new)
        self._write()

    def _take_up(self, step: int) -> None:
        """Read the rows of an earlier process up to ``step``."""
        columns, rows = read_rows(self.path)
        rows = [row for row in rows if int(row[STEP]) <= step]
        self._rewrite(columns or [STEP], rows)
        if rows and int(rows[-1][STEP]) == step:
            self._row = {name: value for name, value in rows[-1].items() if value}
            self._start -= len(_line(rows[-1], columns))

    def _widen(self, new: list[str]) -> None:
        """Add columns and rewrite all rows, which happens two or three times in a run."""
        columns, rows = read_rows(self.path)
        kept = [row for row in rows if row[STEP] != self._row[STEP]]
        self._rewrite([*columns, *new], kept)

    def _rewrite(self, columns: list[str], rows: list[dict[str, str]]) -> None:
        head = _line({name: name for name in columns}, columns)
        text = (head + b"".join(_line(row, columns) for row in rows)).decode()
        with _named(self.path):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            replace_text(self.path, text)
        self._columns, self._start = columns, len(text.encode())

    def _write(self) -> None:
        assert self._columns is not None
        with _named(self.path), self.path.open("r+b") as file:
            file.seek(self._start)
            file.write(_line(self._row, self._columns))
            file.truncate()


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Add the name of the file to errors, which lack it for open files."""
    try:
        yield
    except OSError as error:
        raise OSError(
            f"cannot write {path}: {error.strerror or error}; fix this, then resume the run "
            "from its last checkpoint"
        ) from error


def _line(row: Mapping[str, str], columns: list[str]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow([row.get(name, "") for name in columns])
    return text.getvalue().encode()
