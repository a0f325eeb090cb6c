"""The label table of a user's data set."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Final

from segadapt.data.label_table.reading import read_table
from segadapt.data.label_table.table import LabelTable
from segadapt.data.names import checked_names, read_names
from segadapt.files import expanded
from segadapt.structures import IGNORE, ignored_label

BINARY: Final = "binary"
"""The word for masks of 0 and 255, or 0 and 1."""

FILES: Final = ("classes.yaml", "classes.yml", "classes.json", "classes.csv", "classes.txt")
"""File names of a label table in the folder of the data."""

Choice = str | Sequence[str] | Mapping[str, Sequence[str]] | None
"""Values of ``data.classes``: a file, ``binary``, names, ``{binary: [NAME, NAME]}``, or null."""


def chosen_table(
    classes: Choice, folder: Path, first_label: int = 0, ignored: Collection[int] = (IGNORE,)
) -> LabelTable:
    """The label table that a config asks for.

    Args:
        classes: A file, ``binary``, names, or None for the table in ``folder``.
        folder: Where the table is looked for.
        first_label: Number of the first class, if only names are given.
        ignored: Numbers that are ignored, if only names are given.

    Raises:
        ValueError: If there is no table, more than one, or an invalid one.
    """
    table, names = _meant(classes, folder)
    if table is None:
        usual = tuple(ignored) == (IGNORE,)  # with many classes, 255 is one of them
        return _plain(names, first_label, [ignored_label(len(names))] if usual else ignored)
    if first_label != 0 or tuple(ignored) != (IGNORE,):
        raise ValueError(
            f"data.first_label={first_label} data.ignored={list(ignored)} give numbers a meaning, "
            "which the label table already does; remove them"
        )
    return table


def number_of_classes(classes: Choice, folder: Path) -> int:
    """The number of classes of :func:`chosen_table`, without reading label values.

    Raises:
        ValueError: As there.
    """
    table, names = _meant(classes, folder)
    return len(names) if table is None else table.num_classes


def table_file(classes: Choice, folder: Path) -> Path | None:
    """The file that a choice names, whether it exists or not; None for words and names.

    Raises:
        ValueError: If there is more than one.
    """
    if classes is None:
        return _found(folder)
    return _named(classes, folder) if isinstance(classes, str) and classes != BINARY else None


def _meant(classes: Choice, folder: Path) -> tuple[LabelTable | None, tuple[str, ...]]:
    """A label table, or only names."""
    if isinstance(classes, Mapping):
        if list(classes) != [BINARY]:
            raise ValueError(
                f"Unknown keys of data.classes: {', '.join(map(str, classes))}. "
                f"Available: {BINARY}, with two names."
            )
        names = classes[BINARY]
        if names is None or isinstance(names, str):
            raise ValueError(
                f"data.classes={{{BINARY}: {names}}} needs two names; write "
                f"{{{BINARY}: [background, foreground]}}"
            )
        return LabelTable.binary(checked_names(names, "data.classes")), ()
    if classes == BINARY:
        return LabelTable.binary(), ()
    file = table_file(classes, folder)
    if file is None:
        return None, checked_names(classes or (), "data.classes")
    return (None, read_names(file)) if file.suffix.lower() == ".txt" else (read_table(file), ())


def _found(folder: Path) -> Path:
    """The table in the folder of the data."""
    files = [folder / name for name in FILES if (folder / name).is_file()]
    if len(files) > 1:
        raise ValueError(
            f"{folder} holds {' and '.join(file.name for file in files)}; remove all but one, or "
            "choose with data.classes=FILE"
        )
    return files[0] if files else folder / FILES[-1]


def _named(name: str, folder: Path) -> Path:
    """A file by its path, or by its name in the folder of the data."""
    file = expanded(name)
    return file if file.is_file() or not (folder / name).is_file() else folder / name


def _plain(names: Sequence[str], first: int, ignored: Collection[int]) -> LabelTable:
    """The meaning of the numbers; the usual cause of a contradiction is labels that begin at 1."""
    numbers = range(first, first + len(names))
    if twice := sorted(set(ignored).intersection(numbers)):
        raise ValueError(
            f"data.ignored holds {twice[0]}, but the {len(names)} classes have the label numbers "
            f"{numbers[0]}..{numbers[-1]}. If labels hold 1..{len(names)} for the classes and 0 "
            "where nothing is labelled, set data.first_label=1 data.ignored=[0]; otherwise remove "
            f"{twice[0]} from data.ignored"
        )
    return LabelTable.consecutive(names, first, ignored=tuple(ignored))
