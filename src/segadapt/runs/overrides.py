"""Quoting of overrides for Hydra and the shell, for paths with any characters."""

import re
import shlex
from typing import Final

PLAIN: Final = re.compile(r"[\w.:@+-]*/[\w./:@+-]*", re.ASCII)
"""Paths that Hydra accepts without quotes: only ASCII letters, and a slash unless it is a name,
because other words may be read as a number or null."""

NAME: Final = re.compile(
    r"(?!(true|false|null|none|nan|inf|yes|no|on|off|y|n)\Z)[a-z_][\w.-]*",
    re.ASCII | re.IGNORECASE,
)
"""Names that both Hydra and YAML read as text."""


def quoted_override(key: str, value: object) -> str:
    """The word to type to set a key, quoted for Hydra where necessary, and then for the shell.

    Args:
        key: Key of the config.
        value: Its value.
    """
    return shlex.quote(override(key, value))


def override(key: str, value: object) -> str:
    """The override by which Hydra sets a key to a text with any characters.

    Args:
        key: Key of the config.
        value: Its value.
    """
    text = str(value)
    if not (PLAIN.fullmatch(text) or NAME.fullmatch(text)):
        # Hydra drops one of two backslashes before a quote, and keeps all others.
        text = re.sub(r"(\\*)'", r"\1\1\\'", text)
        text = "'" + re.sub(r"(\\+)$", r"\1\1", text) + "'"
    return f"{key}={text}"
