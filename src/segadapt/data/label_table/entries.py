"""Entries of a label table as written in a file, each with its line."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NamedTuple, TypeVar

from segadapt.data.label_table.table import (
    ERROR,
    IGNORED,
    Color,
    LabelTable,
    TableFault,
    Values,
)
from segadapt.text.borders import shortened

T = TypeVar("T")

HEX: Final = re.compile(r"#?([0-9a-fA-F]{2})([0-9a-fA-F]{2})([0-9a-fA-F]{2})")

LONGEST: Final = 40
"""Characters of a file's text in a sentence."""

WHOLE: Final = re.compile(r"[0-9]{1,9}")


class Entry(NamedTuple):
    """One entry, whose numbers and colours are not parsed yet.

    Args:
        line: Of the file, from 1.
        name: Of the class; nothing for what is ignored.
        numbers: Numbers, as text.
        colors: Colours, as hexadecimal text or three numbers.
        palette: A colour to draw with, or nothing.
    """

    line: int
    name: str = ""
    numbers: Sequence[str] = ()
    colors: Sequence[str | Sequence[str]] = ()
    palette: str | Sequence[str] | None = None


class Entries(NamedTuple):
    """All entries of a file."""

    classes: list[Entry]
    ignored: Entry | None = None
    others: tuple[int, str] | None = None
    """Line and word."""


class LineFault(ValueError):
    """Something is wrong in a line of a file.

    Args:
        line: From 1.
        sentence: The problem and its solution.
    """

    def __init__(self, line: int, sentence: str) -> None:
        super().__init__(sentence)
        self.line = line


def built(entries: Entries, file: Path | str) -> LabelTable:
    """The label table of a file's entries.

    Raises:
        ValueError: If the entries are invalid; names the file and the line.
    """
    try:
        return _built(entries)
    except LineFault as fault:
        raise ValueError(f"{file}, line {fault.line}: {fault}") from fault
    except TableFault as fault:
        raise ValueError(f"{file}, line {_line(entries, fault.entry)}: {fault}") from fault
    except ValueError as error:
        raise ValueError(f"{file}: {error}") from error


def _built(entries: Entries) -> LabelTable:
    names = _names(entries.classes)
    if not names:
        raise ValueError("the table has no class; give each class a name and its values")
    palettes = [_palette(entry) for entry in entries.classes]
    return LabelTable(
        names,
        tuple(_values(entry) for entry in entries.classes),
        _values(entries.ignored) if entries.ignored else Values(),
        _others(entries, names),
        tuple(palettes) if any(palettes) else None,
    )


def _names(classes: Sequence[Entry]) -> tuple[str, ...]:
    """Names, of which none is missing and no two are equal."""
    lines: dict[str, int] = {}
    for entry in classes:
        name = entry.name.strip()
        if not name:
            raise LineFault(entry.line, "the class has no name; name it, or remove the entry")
        if name in lines:
            raise LineFault(
                entry.line,
                f"class {name!r} is also in line {lines[name]}; give the values of a class once",
            )
        lines[name] = entry.line
    return tuple(lines)


def _values(entry: Entry) -> Values:
    return Values(
        tuple(_at(entry, number, parsed_number) for number in entry.numbers),
        tuple(_at(entry, color, parsed_color) for color in entry.colors),
    )


def _palette(entry: Entry) -> Color | None:
    """Colour in which a class is drawn: the given one, else the first one in its labels."""
    if entry.palette is not None:
        return _at(entry, entry.palette, parsed_color)
    return _at(entry, entry.colors[0], parsed_color) if entry.colors else None


def _others(entries: Entries, names: tuple[str, ...]) -> str | int:
    if entries.others is None:
        return ERROR
    line, word = entries.others
    if word in (ERROR, IGNORED):
        return word
    if word not in names:
        raise LineFault(
            line,
            f"other values mean {shortened(word, LONGEST)!r}, which is not a class; write {ERROR}, "
            f"{IGNORED} or the name of a class",
        )
    return names.index(word)


def parsed_number(text: str | Sequence[str]) -> int:
    """A number of label files.

    Raises:
        ValueError: If it is not a whole number.
    """
    if not isinstance(text, str) or not WHOLE.fullmatch(text):
        raise ValueError(
            f"{shortened(str(text), LONGEST)!r} is not a number of label files; write whole "
            "numbers from 0 to 65535"
        )
    return int(text)


def parsed_color(text: str | Sequence[str]) -> Color:
    """A colour: #rrggbb, or red, green and blue from 0 to 255.

    Raises:
        ValueError: If it is neither.
    """
    if isinstance(text, str):
        if match := HEX.fullmatch(text):
            red, green, blue = (int(part, 16) for part in match.groups())
            return red, green, blue
    elif len(text) == 3 and all(WHOLE.fullmatch(part) and int(part) <= 255 for part in text):
        red, green, blue = map(int, text)
        return red, green, blue
    given = text if isinstance(text, str) else f"[{', '.join(text)}]"
    raise ValueError(
        f"{shortened(given, LONGEST)!r} is not a colour; write '#rrggbb' in quotes, or "
        "[red, green, blue] from 0 to 255"
    )


def _at(entry: Entry, text: str | Sequence[str], parse: Callable[[str | Sequence[str]], T]) -> T:
    try:
        return parse(text)
    except ValueError as error:
        raise LineFault(entry.line, str(error)) from error


def _line(entries: Entries, entry: int) -> int:
    """Line of a class by its number, of the ignored values, or of all others."""
    if entry < len(entries.classes):
        return entries.classes[entry].line
    if entry == len(entries.classes) and entries.ignored is not None:
        return entries.ignored.line
    return entries.others[0] if entries.others else 1
