"""Class names as all parts of the program may use them."""

import unicodedata
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from segadapt.text.borders import printable, shortened
from segadapt.text.reading import read_lines


def read_names(file: Path) -> tuple[str, ...]:
    """The names in a file, one per line.

    Raises:
        ValueError: If there is no such file, it is not readable text, or a name is there twice.
    """
    if not file.is_file():
        raise ValueError(
            f"class list not found: {file}; write one name per line into it, pass "
            "data.classes=[NAME,NAME,...], or let segadapt check-data propose a label table"
        )
    return checked_names(read_lines(file), str(file))


def read_numbered_names(file: Path) -> tuple[str, ...]:
    """The names in a file with lines such as ``1: accordion``, numbered from 1 without a gap.

    Raises:
        ValueError: If there is no such file, or a line is not what it must be.
    """
    if not file.is_file():
        raise ValueError(
            f"class list not found: {file}; set data.root to the folder of the data set"
        )
    names: list[str] = []
    for line in read_lines(file):
        number, colon, name = line.partition(":")
        if not colon or number.strip() != str(len(names) + 1):
            raise ValueError(
                f"{file}: {shortened(line, 40)!r} does not name class {len(names) + 1}; fetch the "
                "list again"
            )
        names.append(name)
    return checked_names(names, str(file))


def checked_names(names: Sequence[Any], origin: str) -> tuple[str, ...]:
    """Names as printable text without blanks around them, no two alike.

    Args:
        names: As given; to YAML ``no``, ``off``, ``null`` and digits are not text.
        origin: Where they come from.

    Raises:
        ValueError: If one is not text, empty, or there twice, or if there is none.
    """
    clean: list[str] = []
    for number, name in enumerate(names):
        if not isinstance(name, str):
            raise ValueError(
                f"name {number} of {origin} is {name!r}, which is not text (unquoted, YAML reads "
                "no, off, yes, on, null and numbers as values); write it in quotes"
            )
        text = printable(unicodedata.normalize("NFC", name).strip())
        if not text:
            raise ValueError(f"name {number} of {origin} is empty; give every class a name")
        clean.append(text)
    name, count = max(Counter(clean).items(), key=lambda item: item[1], default=("", 0))
    if count > 1:
        raise ValueError(
            f"class names must be one or more and differ, but {origin} holds {name!r} {count} times"
        )
    if not clean:
        raise ValueError(f"class names must be one or more and differ, but {origin} holds none")
    return tuple(clean)
