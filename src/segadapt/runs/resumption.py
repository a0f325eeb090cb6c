"""The config with which an interrupted run continues, read from its folder."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from segadapt.runs.built_parts import check_parts, training_parts
from segadapt.runs.config import resolved, value_at
from segadapt.runs.file_names import CONFIG
from segadapt.runs.lengthening import STEPS, finished_message, lengthened
from segadapt.runs.reader import check_run_folder, read_facts
from segadapt.runs.stored_config import complete_config
from segadapt.runs.trust import Check


def checked_config(
    path: Path, check: Check, given: Mapping[str, Any] | None = None, names: Sequence[str] = ()
) -> DictConfig:
    """The config of a run as its folder has it, with secrets, after all checks.

    Args:
        path: Run folder, which need not be held.
        check: Checks the unresolved config, from which everything will be built.
        given: Values of secrets, which the folder does not store, by key.
        names: Environment variables that the config may read.

    Raises:
        ValueError: If there is no such run, or its config is invalid.
    """
    check_run_folder(path, check)
    config = complete_config(path, check, given or {}, names)
    check_parts(config, path / CONFIG, training_parts(config))
    return config


def continued(path: Path, config: DictConfig, steps: Any) -> DictConfig:
    """The config of a run, lengthened if necessary.

    Args:
        path: Its folder.
        config: Its config as stored, with secrets.
        steps: Optimiser steps to which the run is lengthened, or None.

    Raises:
        ValueError: If it is finished, or cannot be lengthened.
    """
    plain = resolved(config)
    if steps is not None and steps != value_at(plain, STEPS):
        return OmegaConf.create(lengthened(plain, steps))
    if read_facts(path)["state"] == "finished":
        raise ValueError(finished_message(path, plain))
    return config
