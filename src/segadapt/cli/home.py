"""The home folder in overrides, which shells leave as ``~`` after an equals sign."""

import re
from typing import Final

from segadapt.files import expanded
from segadapt.runs.overrides import override

OVERRIDE: Final = re.compile(r"([\w.@/+-]+)=([^'\"\[\]{}]+)")
"""A key, and a value or several values that are not quoted."""


def with_home(word: str) -> str:
    """The word with the home folder in place of a ``~`` at the beginning of a value.

    Args:
        word: A word of the command line, such as ``paths.runs=~/runs`` or ``init=~/a,~/b``; other
            words are returned unchanged.

    Raises:
        ValueError: If the home folder is unknown.
    """
    match = OVERRIDE.fullmatch(word)
    if match is None or "~" not in word:
        return word
    return f"{match[1]}={','.join(_value(text) for text in match[2].split(','))}"


def _value(text: str) -> str:
    if text != "~" and not text.startswith("~/"):
        return text
    return override("", expanded(text)).removeprefix("=")
