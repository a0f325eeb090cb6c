"""Reading a run folder, without the imports that take seconds."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from omegaconf import DictConfig, OmegaConf

from segadapt.locks import true_state


class Run(NamedTuple):
    """A training's folder."""

    folder: Path
    config: DictConfig
    state: str
    """``finished``, ``running``, ``interrupted`` (or killed) or ``failed``."""
    checkpoint: Path


def read_run(folder: str | int | None, checkpoint: str, check: Callable[[DictConfig], None]) -> Run:
    """The config, the state and a checkpoint of a training.

    Args:
        folder: Run folder; that of a trial, 7, is a number to Hydra.
        checkpoint: ``last``, ``best``, or a file.
        check: Raises if the config is not to be trusted; what it names will be built.

    Raises:
        ValueError: If there is no such folder or checkpoint, or the config is not trusted.
    """
    if folder is None:
        raise ValueError("which training? give run=RUN_FOLDER, as the training printed it")
    path = Path(str(folder))
    config, state = path / "config.yaml", path / "run.json"
    for file in (config, state):
        if not file.is_file():
            raise ValueError(
                f"{path} is no run folder: it has no {file.name}; give run=RUN_FOLDER as the "
                "training printed it"
            )
    loaded = OmegaConf.load(config)
    assert isinstance(loaded, DictConfig)
    weights = _checkpoint(path / "checkpoints", checkpoint)
    check(loaded)
    said = json.loads(state.read_text())["state"]
    return Run(path, loaded, true_state(path, said), weights)


def _checkpoint(folder: Path, name: str) -> Path:
    for file in (folder / f"{name}.ckpt", Path(name)):
        if file.is_file():
            return file
    there = sorted(found.stem for found in folder.glob("*.ckpt"))
    raise ValueError(f"no checkpoint {name!r} in {folder}; there is {', '.join(there) or 'none'}")
