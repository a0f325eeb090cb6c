"""Tables of a folder of predictions, a row for each image, written to the disk at once."""

import csv
import io
import threading
from collections.abc import Collection
from pathlib import Path
from typing import Any

from segadapt.files import replace_text
from segadapt.text.borders import csv_cell


class Rows:
    """Rows of a CSV file, by image; threads may add some.

    Args:
        file: The table.
        columns: Names; the first is that of the image.
        again: Whether existing rows are discarded.
    """

    def __init__(self, file: Path, columns: tuple[str, ...], again: bool) -> None:
        self.file, self.columns = file, columns
        self.rows: dict[str, list[str]] = {}
        self.lock = threading.Lock()
        if self.file.is_file() and not again:
            text = self.file.read_text(encoding="utf-8")
            whole = text[: text.rfind("\n") + 1]  # a kill may have cut the last line
            for row in csv.reader(io.StringIO(whole)):
                if len(row) == len(columns) and row != list(columns):
                    self.rows[row[0]] = row
        self._write()

    def has(self, image: str) -> bool:
        """Whether the row of an image exists."""
        return cell(image) in self.rows

    def values(self, image: str) -> dict[str, str] | None:
        """The row of an image by column, as text; None if there is none."""
        row = self.rows.get(cell(image))
        return None if row is None else dict(zip(self.columns, row, strict=True))

    def add(self, *values: Any) -> None:
        """One more image."""
        row = [cell(value) for value in values]
        with self.lock:
            self.rows[row[0]] = row
            with self.file.open("a", encoding="utf-8", newline="") as opened:
                csv.writer(opened).writerow(row)

    def drop(self, images: Collection[str]) -> None:
        """Remove the rows of images, if they have any."""
        if known := [image for image in map(cell, images) if image in self.rows]:
            for image in known:
                del self.rows[image]
            self._write()

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


def cell(value: Any) -> str:
    """A value as a table holds it."""
    return f"{value:.6f}" if isinstance(value, float) else str(csv_cell(value))
