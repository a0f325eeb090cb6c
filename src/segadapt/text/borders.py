"""Escaping of untrusted text: one function for each output format.

Names of classes, files and folders, and overrides, belong to the user and may contain any
character. They reach markup, tables, pages, pictures and terminals only through these functions, or
through those of ``terminal.py`` for whatever rich prints.
"""

import re
import sys
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any, Final

from markupsafe import escape

UNPRINTABLE: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufffe\uffff"
    "\ud800-\udfff]"
)
"""Control characters, line separators, characters that change the direction of writing, byte order
marks, and lone surrogates, which Python reads in place of bytes that are not UTF-8."""

FORMULA: Final = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""Characters that begin a formula in a spreadsheet, including their full-width forms."""

TEX: Final = {
    **{sign: f"\\{sign}" for sign in "&%#_{}$"},
    "\\": r"\textbackslash{}",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "±": r"$\pm$",
}

LETTERS: Final = {"ß": "ss", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ø": "o", "Ø": "O"}
"""Letters that Unicode does not decompose into an ASCII letter and an accent."""


def printable(text: object) -> str:
    r"""Text as one line of valid Unicode; unprintable characters are spelled out, such as ``\x1b``.

    A byte that is not UTF-8, such as the 0xDF in a name that was packed as Latin-1, becomes
    ``\xdf``. Printable text is returned unchanged.
    """
    return UNPRINTABLE.sub(_spelt, str(text))


def printable_values(node: Any) -> Any:
    """Plain values in which every text, including keys, is made printable."""
    match node:
        case str():
            return printable(node)
        case Mapping():
            return {printable_values(key): printable_values(value) for key, value in node.items()}
        case list() | tuple():
            return [printable_values(value) for value in node]
    return node


def shortened(text: str, length: int) -> str:
    """Text of at most ``length`` characters; dots replace the middle of a longer one."""
    if len(text) <= length:
        return text
    head = (length - 3) // 2
    return f"{text[:head]}...{text[len(text) - (length - 3 - head) :]}"


def print_line(text: object, error: bool = False) -> None:
    """Print a line and flush it, to standard error if ``error`` is true."""
    print(printable(text), file=sys.stderr if error else sys.stdout, flush=True)


def spell_out() -> None:
    """Let standard output spell out characters that its encoding lacks, as standard error does."""
    reconfigure = getattr(sys.stdout, "reconfigure", None)
    if reconfigure is not None:  # a notebook's stream has no such method
        reconfigure(errors="backslashreplace")


def html_text(text: object) -> str:
    """Text within HTML, also within the quotes of an attribute."""
    return str(escape(printable(text)))


def csv_cell(value: Any) -> Any:
    """A cell of a CSV file; text that a spreadsheet would evaluate gets an apostrophe."""
    if not isinstance(value, str):
        return value
    text = printable(value)
    return f"'{text}" if text.lstrip().startswith(FORMULA) and not _is_number(text) else text


def markdown_text(text: object) -> str:
    """Text within a line or a cell of Markdown."""
    escaped = re.sub(r"([\\`*\[\]<>|~$&])", r"\\\1", printable(text))
    escaped = re.sub(r"(?<![^\W_])_", r"\\_", escaped)
    return re.sub(r"^(\s*\d*)([#+\-=.)])(?=\s|[#=-]|$)", r"\1\\\2", escaped)


def latex_text(text: object) -> str:
    """Text within LaTeX; signs that would form a line break or a ligature are put in braces."""
    written = "".join(TEX.get(sign, sign) for sign in printable(text))
    written = re.sub(r"^([\[*])", r"{\1}", written)
    return re.sub(r"-(?=-)|(?<=-)-|[`'](?=[`'])|(?<=[`'])[`']", r"{\g<0>}", written)


def latex_comment(text: object) -> str:
    """A LaTeX comment on a single line."""
    return f"% {printable(text)}"


def figure_text(text: object, length: int = 40) -> str:
    """Text in a matplotlib figure: never a formula, never hidden from the legend, and not too long.

    Characters that the font lacks are spelled out.

    Args:
        text: What to write.
        length: Characters that there is room for.
    """
    short = shortened(_in_font(printable(text)), length)
    hidden = " " if short.startswith("_") else ""
    return hidden + short.replace("$", r"\$")


def figure_names(names: Iterable[object], length: int = 40) -> list[str]:
    """Several names as :func:`figure_text`; names that would look alike are numbered."""
    texts = [figure_text(name, length) for name in names]
    return [
        text if texts.count(text) == 1 else f"{number} {text}" for number, text in enumerate(texts)
    ]


def opencv_text(text: object, length: int = 40) -> str:
    """Text that OpenCV can draw: its fonts hold ASCII, and on invalid Unicode it crashes.

    Args:
        text: What to write.
        length: Characters that there is room for.
    """
    letters = unicodedata.normalize("NFC", printable(text))
    return shortened("".join(map(_ascii, letters)), length)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _spelt(found: re.Match[str]) -> str:
    code = ord(found[0])
    if 0xDC80 <= code <= 0xDCFF:  # Python's surrogate for a byte that is not UTF-8
        return f"\\x{code - 0xDC00:02x}"
    return found[0].encode("unicode_escape").decode()


def _ascii(letter: str) -> str:
    if letter in LETTERS:
        return LETTERS[letter]
    plain = unicodedata.normalize("NFKD", letter).encode("ascii", "ignore").decode()
    return plain or letter.encode("ascii", "backslashreplace").decode()


def _in_font(text: str) -> str:
    if text.isascii():
        return text
    from matplotlib.font_manager import FontProperties, findfont, get_font

    font = get_font(findfont(FontProperties()))
    return "".join(
        letter
        if letter.isascii() or font.get_char_index(ord(letter))
        else letter.encode("ascii", "backslashreplace").decode()
        for letter in text
    )
