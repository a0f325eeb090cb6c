"""Findings of ``segadapt doctor``."""

from typing import Final, NamedTuple

OK: Final = "ok"
NOTE: Final = "note"
"""State of a check that lacks something not everybody needs."""
BAD: Final = "BAD"
"""State of a check after which trainings will fail or be wrong."""


class Finding(NamedTuple):
    """The result of one check."""

    name: str
    state: str
    """``ok``, ``note`` or ``BAD``."""
    text: str
    """The finding, with its value."""
    advice: str = ""
    """Advice; empty if there is nothing to do."""
