"""Default folders of runs and sweeps: named by the time, each for one process.

If two are started in the same second, the second one gets a number.
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
"""Claimed folders by requested name; within a process a name stands for one folder."""


def register() -> None:
    """Register the resolver ``${fresh:PATH}`` for configs."""
    OmegaConf.register_new_resolver("fresh", claim, replace=True)


def claim(path: str) -> str:
    """Create a folder that only this process uses: ``path``, or else ``path-2``, ``path-3``, ...

    Raises:
        ValueError: If it cannot be created.
    """
    if rank() > 0:  # under torchrun or srun the first process owns the folder
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
    """Removes the run folder that was typed, if the run created it and left it empty."""

    def on_run_start(self, config: DictConfig, **_: Any) -> None:
        """Record which folders are missing before Hydra creates them."""
        if rank() > 0 or "${fresh:" in str(unresolved(config.hydra.run)["dir"]):
            return
        HydraConfig.instance().set_config(config)  # Hydra does the same next, for ${hydra:...}
        with suppress(OmegaConfBaseException):  # Hydra raises the same next
            if missing := _missing(Path(str(config.hydra.run.dir)).absolute()):
                atexit.register(_leave, os.getpid(), missing)


def _missing(path: Path) -> list[Path]:
    """The missing folders of a path, innermost first."""
    return [folder for folder in (path, *path.parents) if not folder.exists()]


def _leave(owner: int, folders: Sequence[Path]) -> None:
    """Remove empty folders: the command line was wrong, or only asked for the config."""
    if os.getpid() == owner:
        with suppress(OSError):  # not empty: it holds the run
            for folder in folders:
                folder.rmdir()
