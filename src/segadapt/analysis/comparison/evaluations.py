"""Names of evaluations, and the overrides that produce a report of that name."""

import re
from pathlib import Path
from typing import Final

from segadapt.runs.overrides import quoted_override
from segadapt.text.invocation import command

NAME: Final = re.compile(
    r"(?P<way>whole|slide|multiscale)(?P<windows>-windows)?(?P<context>-global)?"
    r"(?P<blend>-gaussian)?-(?P<checkpoint>last|best)(?P<split>-(?!\d)\w+)?"
)
"""Names as written by ``inference.settings.short_name`` and ``segadapt evaluate``."""


def options_of(name: str) -> list[str] | None:
    """Overrides with which ``segadapt evaluate`` writes a report of a given name.

    Args:
        name: Name such as ``slide-global-last``.

    Returns:
        The overrides; None for other checkpoints or settings, which the name does not determine.
    """
    if not (parts := NAME.fullmatch(name)):
        return None
    way = "slide_multiscale" if parts["windows"] else parts["way"]
    return [
        f"inference={way}",
        *(["inference.context=global"] if parts["context"] else []),
        *(["inference.blend=gaussian"] if parts["blend"] else []),
        *(["checkpoint=best"] if parts["checkpoint"] == "best" else []),
        *([f"split={parts['split'][1:]}"] if parts["split"] else []),
    ]


def command_of(folder: Path, name: str) -> str:
    """The command that writes a report of a given name, as far as the name determines it.

    Args:
        folder: Run folder.
        name: Name such as ``slide-global-last``.
    """
    return " ".join(
        [command("evaluate"), quoted_override("run", folder), *(options_of(name) or [])]
    )
