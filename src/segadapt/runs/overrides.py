"""Overrides as they are typed into a shell, with whatever characters a path may have."""

import re
import shlex
from typing import Final

PLAIN: Final = re.compile(r"[\w.:@+-]*/[\w./:@+-]*", re.ASCII)
"""Paths that Hydra takes without quotes of their own: it knows no other letters than English, and
what has no slash may be a number or null to it, unless it is a name."""

NAME: Final = re.compile(
    r"(?!(true|false|null|none|nan|inf|yes|no|on|off|y|n)\Z)[a-z_][\w.-]*",
    re.ASCII | re.IGNORECASE,
)
"""Names that neither Hydra nor YAML reads as anything but a text."""


def quoted_override(key: str, value: object) -> str:
    """What to type to set a key: quoted for Hydra where it must be, and then for the shell.

    Args:
        key: Of the config.
        value: What it becomes.
    """
    return shlex.quote(override(key, value))


def override(key: str, value: object) -> str:
    """What Hydra takes to set a key to a text, whatever characters are in it.

    Args:
        key: Of the config.
        value: What it becomes.
    """
    text = str(value)
    if not (PLAIN.fullmatch(text) or NAME.fullmatch(text)):
        # Hydra drops one of two backslashes where a quote follows, and keeps all others.
        text = re.sub(r"(\\*)'", r"\1\1\\'", text)
        text = "'" + re.sub(r"(\\+)$", r"\1\1", text) + "'"
    return f"{key}={text}"
