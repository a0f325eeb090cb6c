"""What ``segadapt doctor`` finds."""

from typing import Final, NamedTuple

OK: Final = "ok"
NOTE: Final = "note"
"""Something is missing that not everybody needs."""
BAD: Final = "BAD"
"""Trainings will fail or be wrong."""


class Finding(NamedTuple):
    """The result of one check."""

    name: str
    state: str
    """``ok``, ``note`` or ``BAD``."""
    text: str
    """The finding, with the value."""
    advice: str = ""
    """What to do; empty where nothing is."""
