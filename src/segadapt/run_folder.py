"""A run folder: everything about one training, and never more than one process in it.

``config.yaml`` (resolved), ``overrides.yaml``, ``environment.json``, ``metrics.csv``,
``checkpoints/``, ``report.json``, ``per_image.npz``, and ``run.json`` with the state: ``running``
(or killed), ``finished``, ``failed``. ``attempts/`` holds what starts with other configs left that
came to no checkpoint. Nothing here imports torch.
"""

import fcntl
import json
import os
import socket
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import MissingMandatoryValue

from segadapt.attempts import set_aside
from segadapt.configs import Config, check_counts, differences, moved, resolved
from segadapt.files import replace_text, sweep

CONFIG, OVERRIDES, STATE, LOCK = "config.yaml", "overrides.yaml", "run.json", ".lock"
CHECKPOINTS = "checkpoints"


class RunFolder:
    """The folder of a training, held by this process until it ends, however it ends.

    Args:
        path: Folder; made if it is not there.

    Raises:
        ValueError: If another process holds it.
    """

    def __init__(self, path: Path) -> None:
        path.mkdir(parents=True, exist_ok=True)
        self.path = path
        self.lock = (path / LOCK).open("a")
        try:
            fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.lock.close()
            who = _read(path / STATE)
            raise ValueError(
                f"process {who.get('pid')} on {who.get('host')} is training in {path}; "
                "wait for it, or take another folder with hydra.run.dir=FOLDER"
            ) from None
        sweep(path)

    @classmethod
    def start(cls, path: Path, cfg: DictConfig, overrides: Sequence[str]) -> "RunFolder":
        """Begin a run, or go on with the one that was interrupted here.

        Args:
            path: Folder.
            cfg: Composed config.
            overrides: What was typed.

        A run that has no checkpoint yet, such as one whose data was not found, gives way to one
        with another config. What it left goes to ``attempts/``.

        Raises:
            ValueError: If another process holds the folder, its run is finished, or was another.
        """
        config = complete(cfg)
        folder = cls(path)
        state = folder.state()
        if state and folder._came_to_nothing(state, config):
            kept = set_aside(path)
            print(f"an earlier attempt, which has no checkpoint, is kept in {kept}", flush=True)
            state = {}
        if not state:
            replace_text(path / OVERRIDES, OmegaConf.to_yaml(OmegaConf.create(list(overrides))))
            replace_text(path / CONFIG, OmegaConf.to_yaml(OmegaConf.create(config)))
        else:
            folder._check_same(state, config)
        folder._mark(state)
        return folder

    @classmethod
    def resume(
        cls, path: Path, check: Callable[[DictConfig], None]
    ) -> "tuple[RunFolder, DictConfig]":
        """Go on with an interrupted run, from its folder alone, wherever it lies now.

        Args:
            path: Folder.
            check: Raises if the config is not to be trusted.

        Raises:
            ValueError: If there is none, it is finished, or another process holds it.
        """
        for name in (CONFIG, STATE):
            if not (path / name).is_file():
                raise ValueError(f"{path} is no run folder: it has no {name}")
        config = load_config(path)
        check(config)
        folder = cls(path)
        folder._check_same(folder.state(), resolved(config))
        folder._mark(folder.state())
        return folder, config

    def state(self) -> dict[str, Any]:
        """What run.json says; empty where nothing has begun."""
        return _read(self.path / STATE)

    def finish(self) -> None:
        """The last act of a run that went well."""
        note(self.path, state="finished", ended=_now())

    def fail(self, cause: str) -> None:
        """The last act of a run that did not."""
        failures = [*self.state().get("failures", []), cause]
        note(self.path, state="failed", ended=_now(), cause=cause, failures=failures)

    def close(self) -> None:
        """Let others have the folder."""
        self.lock.close()

    def _mark(self, before: Mapping[str, Any]) -> None:
        facts = {
            "state": "running",
            "started": before.get("started", _now()),
            "starts": before.get("starts", 0) + 1,
            "pid": os.getpid(),
            "host": socket.gethostname(),
            "failures": before.get("failures", []),
        }
        _write(self.path / STATE, facts)

    def _came_to_nothing(self, state: Mapping[str, Any], config: Config) -> bool:
        """Whether another config may take the place of this one, which has no checkpoint."""
        if state["state"] == "finished" or any((self.path / CHECKPOINTS).glob("*.ckpt")):
            return False
        if not (self.path / CONFIG).is_file():  # killed while it was put aside
            return True
        return bool(differences(resolved(load_config(self.path)), config))

    def _check_same(self, state: Mapping[str, Any], config: Config) -> None:
        reason = None
        if state["state"] == "finished":
            reason = "holds a finished run"
        elif odd := differences(resolved(load_config(self.path)), config):
            reason = f"holds a run with another config ({'; '.join(odd[:5])})"
        if reason:
            self.close()
            raise ValueError(
                f"{self.path} {reason}; nothing was changed. Take another folder with "
                "hydra.run.dir=FOLDER, or remove this one"
            )


def note(path: Path, **facts: Any) -> None:
    """Add facts to run.json."""
    _write(path / STATE, {**_read(path / STATE), **facts})


def is_held(path: Path) -> bool:
    """Whether a process is training in a folder at this moment."""
    if not (path / LOCK).is_file():
        return False
    with (path / LOCK).open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def load_config(path: Path) -> DictConfig:
    """The config of a run folder, with its own paths where it has been moved."""
    config = OmegaConf.load(path / CONFIG)
    assert isinstance(config, DictConfig)
    plain = resolved(config)
    return OmegaConf.create(moved(plain, plain["paths"]["run"], str(path.resolve())))


def complete(cfg: DictConfig) -> Config:
    """A config as plain values.

    Raises:
        ValueError: If one is missing, or is a number that no run can have.
    """
    try:
        config = resolved(cfg)
    except MissingMandatoryValue as error:
        raise ValueError(f"{error.full_key} has no value yet; give {error.full_key}=...") from None
    check_counts(config)
    return config


def _read(file: Path) -> dict[str, Any]:
    return json.loads(file.read_text()) if file.is_file() else {}


def _write(file: Path, facts: Mapping[str, Any]) -> None:
    replace_text(file, json.dumps(facts, indent=2, allow_nan=False) + "\n")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
