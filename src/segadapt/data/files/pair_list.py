"""Lists of images and labels that people write: CSV or text, a pair or a name on each line."""

import csv
import os
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from segadapt.data.files.layout import ALIASES, LABEL_SUFFIXES
from segadapt.data.files.pairs import SUFFIXES, Pair
from segadapt.text.borders import shortened
from segadapt.text.reading import numbered_lines

HEADS: Final[Mapping[str, Sequence[str]]] = {
    "image": ("image", "images", "image_path", "file", "filename", "name"),
    "label": ("label", "labels", "label_path", "mask", "masks", "mask_path", "annotation"),
    "split": ("split", "subset", "fold"),
}
"""Names of the columns allowed in the first line."""


class Row(NamedTuple):
    """Content of one line.

    Attributes:
        line: Its number in the file, from 1.
        image: Path or name of an image.
        label: Path of its label; None where the line has only a name.
        split: Part that it belongs to; None where the list does not say.
    """

    line: int
    image: str
    label: str | None
    split: str | None

    def belongs_to(self, split: str) -> bool:
        """Whether the line is one of a split."""
        return self.split is not None and self.split.lower() in ALIASES.get(split, (split.lower(),))


def read_rows(file: Path) -> list[Row]:
    """The lines of a list.

    The columns are image, label and split, in this order unless the first line names them. They
    are separated by commas, semicolons, tabs or, in text without any of these, by blanks.

    Raises:
        ValueError: If the file cannot be read, is not text, or a line does not fit.
    """
    if not file.is_file():
        raise ValueError(f"list not found: {file}; data.list takes paths below data.root")
    lines = numbered_lines(file)
    if not lines:
        raise ValueError(f"{file} lists nothing; write one image and its label on each line")
    mark = next((mark for mark in "\t;," if mark in lines[0][1]), None)
    if file.suffix.lower() in (".csv", ".tsv"):
        mark = mark or ","
    cells = [(number, _cells(text, mark, f"{file}, line {number}")) for number, text in lines]
    columns = _columns(cells[0][1])
    if columns is None:
        columns = ("image", "label", "split")[: len(cells[0][1])]
    else:
        cells = cells[1:]
    if not cells:
        raise ValueError(f"{file} has a line of column names only; write one image on each line")
    return [_row(file, number, columns, parts) for number, parts in cells]


def by_split(rows: Sequence[Row], split: str) -> dict[str, list[Row]]:
    """The lines of each split; nothing where the list does not say.

    Args:
        rows: The lines.
        split: What to call the split of the lines that belong to it; others get their usual name.
    """
    parts: dict[str, list[Row]] = {}
    for row in rows:
        if row.split is not None:
            usual = (name for name in ALIASES if row.belongs_to(name))
            name = split if row.belongs_to(split) else next(usual, row.split.lower())
            parts.setdefault(name, []).append(row)
    return parts


def listed_pairs(file: Path, root: Path, rows: Sequence[Row]) -> dict[str, Pair]:
    """The pairs that lines name, sorted by the image's path below the root.

    Args:
        file: The list, for errors.
        root: Folder of the data set; the lines' paths are below it.
        rows: Lines with a label each.

    Raises:
        ValueError: If a file is not there, lies elsewhere or has the wrong suffix, or an image is
            named twice.
    """
    pairs: dict[str, Pair] = {}
    lines: dict[str, int] = {}
    for row in rows:
        where = f"{file}, line {row.line}"
        assert row.label is not None
        image = _file(root, row.image, SUFFIXES, where)
        label = _file(root, row.label, LABEL_SUFFIXES, where)
        name = str(image.relative_to(root))
        if name in pairs:
            raise ValueError(f"{where}: {name} is already on line {lines[name]}; remove one")
        pairs[name], lines[name] = Pair(image, label), row.line
    return {name: pairs[name] for name in sorted(pairs)}


def named_pairs(
    file: Path, rows: Sequence[Row], known: Mapping[str, Pair], root: Path
) -> dict[str, Pair]:
    """The pairs whose images lines name, with or without suffix, sorted.

    Args:
        file: The list, for errors.
        rows: Lines without labels.
        known: All pairs of the folder, by name.
        root: Folder of the data set.

    Raises:
        ValueError: If there is no such image, or it is named twice.
    """
    names: dict[str, str] = {}
    for name, pair in known.items():
        path = unicodedata.normalize("NFC", str(pair.image.relative_to(root)))
        names |= dict.fromkeys((name, name + pair.image.suffix, path), name)
    lines: dict[str, int] = {}
    for row in rows:
        where = f"{file}, line {row.line}"
        if (name_of := names.get(row.image)) is None:
            raise ValueError(
                f"{where}: no image is called {row.image!r}; correct the line or remove it"
            )
        if name_of in lines:
            raise ValueError(
                f"{where}: {row.image!r} is already on line {lines[name_of]}; remove one"
            )
        lines[name_of] = row.line
    return {name: known[name] for name in sorted(lines)}


def _cells(text: str, mark: str | None, where: str) -> list[str]:
    if mark is None:
        return text.split()
    try:
        return [cell.strip() for cell in next(csv.reader([text], delimiter=mark, strict=True))]
    except csv.Error as error:
        raise ValueError(f"{where}: {error}; correct the quotes") from None


def _columns(cells: Sequence[str]) -> tuple[str, ...] | None:
    """The columns named by the cells of a first line; None if it is an ordinary line."""
    known = {word: name for name, words in HEADS.items() for word in words}
    columns = tuple(known.get(cell.lower(), "") for cell in cells)
    return columns if "image" in columns else None


def _row(file: Path, line: int, columns: Sequence[str], cells: Sequence[str]) -> Row:
    where = f"{file}, line {line}"
    if len(cells) != len(columns):
        raise ValueError(
            f"{where} has {len(cells)} columns and not {len(columns)}; names with commas or "
            "blanks need quotes in a CSV file"
        )
    values = dict(zip(columns, cells, strict=True))
    if empty := [name for name in HEADS if values.get(name) == ""]:
        raise ValueError(f"{where} has no {empty[0]}; complete the line or remove it")
    return Row(line, values["image"], values.get("label"), values.get("split"))


def _file(root: Path, text: str, suffixes: Sequence[str], where: str) -> Path:
    """The file that a line names, below the root."""
    path = Path(os.path.normpath(root / text))
    base = Path(os.path.normpath(root))
    if not path.is_relative_to(base):
        raise ValueError(
            f"{where}: {text} is not below data.root={root}; set data.root to a folder above all "
            "files of the list, and write paths below it"
        )
    below = str(path.relative_to(base))
    forms = [root / unicodedata.normalize(form, below) for form in ("NFC", "NFD")]
    candidates = (root / below, *forms)
    # Path.is_file raises where a name is too long.
    file = next((form for form in candidates if os.path.isfile(form)), None)  # noqa: PTH113
    if file is None:
        hint = "correct the line or data.root"
        if "\\" in text:
            hint = "write / between folders"
        elif not Path(text).suffix:
            hint = f"{hint}, or save the list as CSV where names have blanks, which text divides at"
        raise ValueError(f"{where}: {shortened(text, 120)} is not a file below {root}; {hint}")
    if file.suffix.lower() not in suffixes:
        raise ValueError(f"{where}: {text} does not end in one of {', '.join(suffixes)}")
    return file
