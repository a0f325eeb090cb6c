"""Run folders: all files of one training, used by one process at a time.

``config.yaml`` (resolved), ``overrides.yaml``, ``environment.json``, ``metrics.csv``,
``checkpoints/``, ``report.json``, ``per_image.npz``, ``attempts/`` (runs with other configs that
left no checkpoint), and ``run.json`` with the state: ``running`` (also for a killed run, whose lock
nobody holds), ``interrupted``, ``finished`` or ``failed``.
"""

import json
import os
import socket
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from segadapt.files import replace_text
from segadapt.locks import LOCK, hold_folder
from segadapt.runs.attempts import check_unused, set_aside
from segadapt.runs.config import Config, differences, value_at
from segadapt.runs.file_names import CHECKPOINTS, CONFIG, OVERRIDES, STATE
from segadapt.runs.lengthening import lengthened, lengthened_words
from segadapt.runs.reader import read_facts, training_process
from segadapt.runs.redaction import hidden_words, remember, stored
from segadapt.runs.resumption import continued
from segadapt.runs.settings.settle import resolved_config
from segadapt.runs.stored_config import read_overrides, stored_config
from segadapt.text.borders import print_line
from segadapt.text.bounded import MIB, read_object


class RunFolder:
    """The folder of a training, locked by this process until it ends, however it ends.

    Args:
        path: Folder; created if missing.

    Raises:
        ValueError: If another process holds it, or it cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        way_out = "hydra.run.dir=FOLDER"
        self.lock = hold_folder(path, LOCK, "run folder", "training", way_out, training_process)

    @classmethod
    def start(cls, path: Path, cfg: DictConfig, overrides: Sequence[str]) -> "RunFolder":
        """Start a run, or resume the one that was interrupted here.

        A run with another config and without a checkpoint, for example one whose data was not
        found, is moved to ``attempts/``.

        Args:
            path: Folder.
            cfg: Composed config.
            overrides: Overrides as typed.

        Raises:
            ValueError: If another process holds the folder, or it holds a finished or different
                run.
        """
        config = kept_config(cfg)
        with cls._opened(path) as folder:
            state = folder.state()
            if state and folder._came_to_nothing(state, config):
                kept = set_aside(path)
                print_line(f"moved an earlier attempt without a checkpoint to {kept}")
                state = {}
            if not state:
                texts = {OVERRIDES: _yaml(hidden_words(overrides)), CONFIG: _yaml(config)}
                check_unused(path, texts)
                for name, text in texts.items():
                    replace_text(path / name, text)
            else:
                folder._check_same(state, config)
            folder._mark(state)
        return folder

    @classmethod
    def resume(
        cls, path: Path, kept: DictConfig, steps: Any = None
    ) -> "tuple[RunFolder, DictConfig]":
        """Resume an interrupted run from its folder alone, which may have been moved.

        Args:
            path: Its folder.
            kept: Its config, as :func:`~segadapt.runs.resumption.checked_config` reads it.
            steps: Optimiser steps to which the run is lengthened, or None.

        Raises:
            ValueError: If it is finished, or another process holds it.
        """
        with cls._opened(path) as folder:
            config = continued(path, kept, steps)
            folder._resume(None if config is kept else steps)
        return folder, config

    @classmethod
    @contextmanager
    def _opened(cls, path: Path) -> "Iterator[RunFolder]":
        """A held folder, which is released if the block that prepares it fails."""
        folder = cls(path)
        with ExitStack() as failure:
            failure.callback(folder.close)
            yield folder
            failure.pop_all()

    def state(self) -> dict[str, Any]:
        """Content of run.json; empty before the first start."""
        return read_facts(self.path) if (self.path / STATE).is_file() else {}

    def finish(self) -> None:
        """Record that the run finished."""
        update_state(self.path, state="finished", ended=_now())

    def fail(self, cause: str) -> None:
        """Record that the run failed, and why."""
        failures = [*self.state().get("failures", []), cause]
        self._end(state="failed", ended=_now(), cause=cause, failures=failures)

    def interrupt(self) -> None:
        """Record that the run was interrupted."""
        self._end(state="interrupted", ended=_now())

    def close(self) -> None:
        """Release the folder for other processes."""
        self.lock.close()

    def _end(self, **facts: Any) -> None:
        """Record how the run ended, if possible; the terminal shows the reason in any case."""
        try:
            update_state(self.path, **facts)
        except OSError as error:
            print_line(f"{self.path / STATE} could not be written: {error.strerror}", error=True)

    def _resume(self, steps: Any) -> None:
        """Mark the run as running, and store the config of one that is lengthened to ``steps``."""
        state = self.state()
        if steps is None:
            self._mark(state)
            return
        kept, words = lengthened(stored_config(self.path), steps), read_overrides(self.path)
        self._mark(state)  # first: an interruption from here on is recorded anew
        if words is not None:  # before the config: a repetition after a kill writes both
            replace_text(self.path / OVERRIDES, _yaml(lengthened_words(words, steps)))
        replace_text(self.path / CONFIG, _yaml(kept))

    def _mark(self, before: Mapping[str, Any]) -> None:
        facts = {
            "state": "running",
            "id": before.get("id") or uuid.uuid4().hex[:12],
            "started": before.get("started", _now()),
            "starts": before.get("starts", 0) + 1,
            "pid": os.getpid(),
            "host": socket.gethostname(),
            "failures": before.get("failures", []),
        }
        _write(self.path / STATE, facts)

    def _came_to_nothing(self, state: Mapping[str, Any], config: Config) -> bool:
        """Whether another config may replace this one, which has no checkpoint."""
        if state["state"] == "finished" or has_checkpoint(self.path):
            return False
        if not (self.path / CONFIG).is_file():  # killed while it was moved aside
            return True
        return bool(differences(stored_config(self.path), config))

    def _check_same(self, state: Mapping[str, Any], config: Config) -> None:
        kept, reason = stored_config(self.path), None
        if state["state"] == "finished":
            steps = value_at(kept, "data.steps", "?")
            reason = f"holds a run that has finished at step {steps} of {steps}"
        elif differing := differences(kept, config):
            reason = f"holds a run with another config ({'; '.join(differing[:5])})"
        if reason:
            raise ValueError(
                f"{self.path} {reason}; nothing was changed. Choose another folder with "
                "hydra.run.dir=FOLDER"
            )


def update_state(path: Path, **facts: Any) -> None:
    """Add entries to run.json."""
    _write(path / STATE, {**_facts(path), **facts})


def has_failed(path: Path) -> bool:
    """Whether the run of a folder has failed."""
    try:
        return (path / STATE).is_file() and read_facts(path)["state"] == "failed"
    except (ValueError, OSError):  # reported elsewhere
        return False


def has_checkpoint(path: Path) -> bool:
    """Whether a run has a checkpoint from which it can be resumed."""
    return any((path / CHECKPOINTS).glob("*.ckpt"))


def run_id(path: Path) -> str | None:
    """The identity of a run, which does not depend on its folder; None in older versions."""
    return _facts(path).get("id")


def kept_config(cfg: DictConfig) -> Config:
    """A config as plain values for its run folder; secrets are removed, and remembered.

    Raises:
        ValueError: As :func:`resolved_config`.
    """
    remember(resolved_config(cfg))
    return stored(cfg)


def _facts(folder: Path) -> dict[str, Any]:
    """Content of run.json; empty if there is no such file."""
    return read_object(folder / STATE, MIB) if (folder / STATE).is_file() else {}


def _yaml(node: Any) -> str:
    return OmegaConf.to_yaml(OmegaConf.create(node))


def _write(file: Path, facts: Mapping[str, Any]) -> None:
    replace_text(file, json.dumps(facts, indent=2, allow_nan=False) + "\n")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
