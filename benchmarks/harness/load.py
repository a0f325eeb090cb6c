"""Whether the machine is quiet enough for figures that are kept."""

import os
from collections.abc import Sequence
from typing import Final

_told: Final[dict[str, bool]] = {"busy": False}
"""Whether ``busy=true`` was given, for all benchmarks of this process."""


def check_load(busy: bool) -> None:
    """Refuse to measure on a busy machine, before any time is spent.

    Args:
        busy: Whether to measure all the same; the file then says so.

    Raises:
        ValueError: If more processes want to run than there are cores.
    """
    load, cores = os.getloadavg()[0], len(os.sched_getaffinity(0))
    if load > cores and not busy:
        raise ValueError(
            f"the load average of this machine is {load:.1f}, above its {cores} cores, so that "
            "times would mean little; measure when it is quiet, or set busy=true, which the file "
            "then says"
        )
    _told["busy"] = busy


def was_busy() -> bool:
    """Whether ``busy=true`` was given."""
    return _told["busy"]


def without_busy(words: Sequence[str]) -> tuple[list[str], bool]:
    """A command line without ``busy=true`` or ``busy=false``, and what it says.

    Raises:
        ValueError: If it says anything else.
    """
    given = [word.partition("=")[2].lower() for word in words if word.startswith("busy=")]
    if wrong := [text for text in given if text not in ("true", "false")]:
        raise ValueError(f"busy must be true or false, not {wrong[0]!r}")
    rest = [word for word in words if not word.startswith("busy=")]
    return rest, bool(given) and given[-1] == "true"
