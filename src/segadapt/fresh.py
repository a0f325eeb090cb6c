"""Folders of runs and sweeps that were given none: named by the time, each for one process alone.

Two that are started in the same second would take the same name; the second one gets the next.
"""

import atexit
import os
from contextlib import suppress
from itertools import chain, count
from pathlib import Path

from omegaconf import OmegaConf

from segadapt.files import make_folder
from segadapt.launch import rank

_CLAIMED: dict[str, str] = {}
"""By what was asked for: within a process a name means one folder."""


def register() -> None:
    """Let a config ask for one: ``${fresh:PATH}``."""
    OmegaConf.register_new_resolver("fresh", claim, replace=True)


def claim(path: str) -> str:
    """Make a folder that is this process's own: ``path``, or else ``path-2``, ``path-3`` and so on.

    Raises:
        ValueError: If it cannot be made.
    """
    if rank() > 0:  # of torchrun or srun: the first process has the folder
        return path
    if path not in _CLAIMED:
        with make_folder(Path(path).parent, "folder of runs", "paths.runs=FOLDER"):
            names = chain([path], (f"{path}-{number}" for number in count(2)))
            _CLAIMED[path] = next(name for name in names if _is_ours(Path(name)))
        atexit.register(_leave, os.getpid(), Path(_CLAIMED[path]))
    return _CLAIMED[path]


def _is_ours(path: Path) -> bool:
    try:
        path.mkdir()
    except FileExistsError:
        return False
    return True


def _leave(owner: int, path: Path) -> None:
    """Remove what stayed empty: the command line was wrong, or only asked for the config."""
    if os.getpid() == owner:
        with suppress(OSError):  # it is not empty: the run is in it
            path.rmdir()
            path.parent.rmdir()
