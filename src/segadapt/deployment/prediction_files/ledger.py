"""The ledger of a folder of predictions: their settings, and the finished ones."""

import csv
import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from segadapt.files import replace_text, write_json
from segadapt.text.borders import csv_cell
from segadapt.text.bounded import MIB, read_object

PREDICTIONS: Final = "predictions.json"
ROWS: Final = "predictions.csv"

LIMIT: Final = 256 * MIB


def begin(folder: Path, settings: Mapping[str, Any], overwrite: bool) -> int:
    """Note how predictions are made before the first is written.

    Args:
        folder: Folder of the predictions.
        settings: Settings that decide their content, as plain values.
        overwrite: Whether existing predictions are made again.

    Returns:
        Files that were modified earlier, in nanoseconds since 1970, are not of these settings.

    Raises:
        ValueError: If predictions are there that were made in another way.
    """
    file = folder / PREDICTIONS
    plain = json.loads(json.dumps(settings))
    if file.is_file() and not overwrite:
        facts = read_object(file, LIMIT)
        if (other := _difference(facts.get("settings"), plain)) is not None:
            key, kept, wanted = other
            raise ValueError(
                f"{folder} holds predictions with {key}={kept}, not {wanted}; choose another out=, "
                "or make them again with overwrite=true"
            )
        return _since(facts)
    if folder.is_dir() and not overwrite and (files := sorted(folder.iterdir())):
        raise ValueError(
            f"{folder} is not empty ({files[0].name}) and has no {PREDICTIONS}; choose another "
            "out=, or write into it with overwrite=true"
        )
    earlier = read_object(file, LIMIT) if file.is_file() else {}
    begun = {"settings": plain, "finished": False, "since": _since(earlier)}
    write_json(file, begun)
    if earlier and _difference(earlier.get("settings"), plain) is not None:
        begun["since"] = file.stat().st_mtime_ns  # by the clock that stamps the other files
        write_json(file, begun)
    return _since(begun)


def _since(facts: Mapping[str, Any]) -> int:
    """Time since which the settings are those of the ledger; 0 for all its files."""
    since = facts.get("since")
    return since if isinstance(since, int) else 0


def _difference(kept: Any, plain: Any, key: str = "") -> tuple[str, Any, Any] | None:
    """The first value in which two settings differ, with its dotted key."""
    if isinstance(kept, dict) and isinstance(plain, dict):
        pairs = [(str(name), kept.get(name), value) for name, value in plain.items()]
    elif isinstance(kept, list) and isinstance(plain, list) and len(kept) == len(plain):
        numbers = map(str, range(len(plain)))
        pairs = list(zip(numbers, kept, plain, strict=True))
    else:
        return None if kept == plain else (key, kept, plain)
    inner = (_difference(old, new, f"{key}.{name}" if key else name) for name, old, new in pairs)
    return next((difference for difference in inner if difference is not None), None)


def end(folder: Path, content: Mapping[str, Any]) -> None:
    """Record the results of the predictions."""
    kept = read_object(folder / PREDICTIONS, LIMIT)
    write_json(folder / PREDICTIONS, {**kept, **content, "finished": True})


class Rows:
    """Rows of predictions.csv, which are written to the disk at once.

    Args:
        folder: Folder of the table.
        columns: Names; the first is that of the image.
        again: Whether existing rows are discarded.
    """

    def __init__(self, folder: Path, columns: tuple[str, ...], again: bool) -> None:
        self.file, self.columns = folder / ROWS, columns
        self.rows: dict[str, list[str]] = {}
        if self.file.is_file() and not again:
            text = self.file.read_text(encoding="utf-8")
            whole = text[: text.rfind("\n") + 1]  # a kill may have cut the last line
            for row in csv.reader(io.StringIO(whole)):
                if len(row) == len(columns) and row != list(columns):
                    self.rows[row[0]] = row
        self._write()

    def has(self, image: str) -> bool:
        """Whether the row of an image exists."""
        return _text(image) in self.rows

    def add(self, *values: Any) -> None:
        """One more image."""
        row = [_text(value) for value in values]
        self.rows[row[0]] = row
        with self.file.open("a", encoding="utf-8", newline="") as opened:
            csv.writer(opened).writerow(row)

    def sort(self) -> None:
        """Put the lines in the order of the images' names."""
        self.rows = dict(sorted(self.rows.items()))
        self._write()

    def _write(self) -> None:
        text = io.StringIO()
        writer = csv.writer(text)
        writer.writerow(self.columns)
        writer.writerows(self.rows.values())
        replace_text(self.file, text.getvalue())


def _text(value: Any) -> str:
    return f"{value:.6f}" if isinstance(value, float) else str(csv_cell(value))
