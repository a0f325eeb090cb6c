"""Config groups and their options, as the folders of ``conf/`` hold them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

INTERNAL: Final = ("hydra", "experiment/base")
"""Groups that only other configs choose from."""

LISTED: Final = 12
"""Options that a line about a group names; where there are more, it counts them."""


def groups(conf: Path) -> Iterator[str]:
    """Config groups that a user chooses from."""
    for folder in sorted(path for path in conf.rglob("*") if path.is_dir()):
        name = folder.relative_to(conf).as_posix()
        inside = any(name == group or name.startswith(f"{group}/") for group in INTERNAL)
        if not inside and option_names(folder):
            yield name


def option_names(folder: Path) -> list[str]:
    """The options of a group."""
    return sorted(file.stem for file in folder.glob("*.yaml"))


def summary(conf: Path, group: str) -> str:
    """One line about a group: its options, or how many there are."""
    names = option_names(conf / group)
    return f"{group}: {', '.join(names) if len(names) <= LISTED else f'{len(names)} options'}"
