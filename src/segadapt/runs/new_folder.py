"""Folders of runs and sweeps that were given none: named by the time, each for one process alone.

Two that are started in the same second would take the same name; the second one gets the next.
"""

import atexit
import os
from collections.abc import Sequence
from contextlib import suppress
from itertools import chain, count
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig
from hydra.experimental.callback import Callback
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from segadapt.files import make_folder
from segadapt.runs.ranks import rank
from segadapt.runs.settings.check import unresolved

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
        missing = _missing(Path(path).parent)
        with make_folder(Path(path).parent, "folder of runs", "paths.runs=FOLDER"):
            names = chain([path], (f"{path}-{number}" for number in count(2)))
            _CLAIMED[path] = next(name for name in names if _is_ours(Path(name)))
        folder = Path(_CLAIMED[path])
        atexit.register(_leave, os.getpid(), [folder, *(missing or [folder.parent])])
    return _CLAIMED[path]


def _is_ours(path: Path) -> bool:
    try:
        path.mkdir()
    except FileExistsError:
        return False
    return True


class Empty(Callback):
    """Removes the run folder that was typed, if the run made it and left it empty."""

    def on_run_start(self, config: DictConfig, **_: Any) -> None:
        """Look at what is there before Hydra makes the folder."""
        if rank() > 0 or "${fresh:" in str(unresolved(config.hydra.run)["dir"]):
            return
        HydraConfig.instance().set_config(config)  # as Hydra does next, for ${hydra:...}
        with suppress(OmegaConfBaseException):  # Hydra raises the same next, where it is reported
            if missing := _missing(Path(str(config.hydra.run.dir)).absolute()):
                atexit.register(_leave, os.getpid(), missing)


def _missing(path: Path) -> list[Path]:
    """The folders of a path that are not there, innermost first."""
    return [folder for folder in (path, *path.parents) if not folder.exists()]


def _leave(owner: int, folders: Sequence[Path]) -> None:
    """Remove what stayed empty: the command line was wrong, or only asked for the config."""
    if os.getpid() == owner:
        with suppress(OSError):  # it is not empty: the run is in it
            for folder in folders:
                folder.rmdir()
