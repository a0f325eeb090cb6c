"""Text files that users write, in any encoding that an editor may save."""

import codecs
import re
import unicodedata
from pathlib import Path
from typing import Final

from segadapt.text.regular_files import read_regular

MARKS: Final = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",  # before UTF-16, whose mark is its beginning
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
"""Encodings by the byte order marks with which files begin."""


def read_lines(file: Path, any_bytes: bool = False) -> list[str]:
    """The lines of a text file, stripped of whitespace, without empty ones.

    Args:
        file: See :func:`numbered_lines`.
        any_bytes: See :func:`numbered_lines`.

    Raises:
        ValueError: If it cannot be read, or is text of another encoding.
    """
    return [line for _, line in numbered_lines(file, any_bytes)]


def numbered_lines(file: Path, any_bytes: bool = False) -> list[tuple[int, str]]:
    """The lines of :func:`read_lines`, each with its number in the file, from 1.

    Args:
        file: UTF-8, or UTF-16 or UTF-32 with a byte order mark.
        any_bytes: Whether bytes that are not UTF-8 are kept as Python keeps them in file names.

    Raises:
        ValueError: If it cannot be read, or is text of another encoding.
    """
    lines = (line.strip() for line in re.split(r"\r\n|\r|\n", decoded(file, any_bytes=any_bytes)))
    bare = (line.strip("\ufeff").strip() for line in lines)  # joined files have several
    return [(number, line) for number, line in enumerate(bare, 1) if line]


def decoded(file: Path, limit: int | None = None, any_bytes: bool = False) -> str:
    """The text of a file, with accents in one normal form and line ends unchanged.

    Args:
        file: UTF-8, or UTF-16 or UTF-32 with a byte order mark.
        limit: Largest size in bytes; None for no limit.
        any_bytes: Whether bytes that are not UTF-8 are kept as Python keeps them in file names.

    Raises:
        ValueError: If it cannot be read, is larger, or is text of another encoding.
    """
    data = read_regular(file, -1 if limit is None else limit + 1)
    if limit is not None and len(data) > limit:
        raise ValueError(f"{file} has more than {limit:,} bytes, too many for such a file")
    encoding = next((name for mark, name in MARKS.items() if data.startswith(mark)), "utf-8")
    try:
        text = data.decode(encoding, "surrogateescape" if any_bytes else "strict")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ValueError(
            f"{file} is not UTF-8 text (line {line}, byte {error.start}); save it as UTF-8, for "
            "example with: iconv -f LATIN1 -t UTF-8 FILE > NEW_FILE"
        ) from error
    if "\0" in text:
        raise ValueError(
            f"{file} holds zero bytes, so it is either not a text file or UTF-16 without a byte "
            "order mark; save it as UTF-8"
        )
    return unicodedata.normalize("NFC", text)
