"""Config groups and their options, read from the folders of ``conf/``."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

INTERNAL: Final = ("hydra", "experiment/base")
"""Groups used by other configs only."""

LISTED: Final = 12
"""Largest number of options that a line about a group lists; beyond, it counts them."""


def groups(conf: Path) -> Iterator[str]:
    """Config groups from which a user chooses."""
    for folder in sorted(path for path in conf.rglob("*") if path.is_dir()):
        name = folder.relative_to(conf).as_posix()
        inside = any(name == group or name.startswith(f"{group}/") for group in INTERNAL)
        if not inside and option_names(folder):
            yield name


def option_names(folder: Path) -> list[str]:
    """The options of a group."""
    return sorted(file.stem for file in folder.glob("*.yaml"))


def summary(conf: Path, group: str) -> str:
    """One line about a group: its options, or their number."""
    names = option_names(conf / group)
    return f"{group}: {', '.join(names) if len(names) <= LISTED else f'{len(names)} options'}"
