"""Reading the config of a run folder; no other module does so.

The file is not trusted. Its size is limited, it is checked before anything in it is resolved or
built, and its paths are adapted to the present place of the folder.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from omegaconf import DictConfig, OmegaConf

from segadapt.runs.config import Config, value_at, with_paths_moved
from segadapt.runs.file_names import CONFIG, OVERRIDES
from segadapt.runs.redaction import filled, leaves, remember, unkept, variables
from segadapt.runs.renamed_targets import with_targets_renamed
from segadapt.runs.trust import Check, check_names, trusting
from segadapt.runs.written_places import run_folder
from segadapt.text.bounded import KIB, read_list, read_mapping

LIMIT: Final = 256 * KIB
"""Largest size of either file, in bytes; those of segadapt have up to 20 KiB."""


def read_config(folder: Path, check: Check = check_names) -> DictConfig:
    """The stored config of a run, which lacks secrets and values of environment variables.

    Args:
        folder: Run folder.
        check: Checks the unresolved config. ``check_names`` is enough if nothing is built.

    Raises:
        ValueError: If the file is not a config, or is not trusted; names the file.
    """
    return _checked(stored_config(folder), folder, check)


def complete_config(
    folder: Path, check: Check, given: Mapping[str, Any], names: Sequence[str]
) -> DictConfig:
    """The complete config of a run to be trained, including values that its file does not store.

    Args:
        folder: Run folder.
        check: Checks the unresolved config.
        given: Values of secrets, nested as in the config, under the keys that the file has hidden.
        names: Environment variables that may be read.

    Raises:
        ValueError: As :func:`read_config`, or if a value is still missing, or a given one is not
            needed.
    """
    plain = stored_config(folder)
    hidden = unkept(plain)
    _check_asked(given, hidden)
    values = {key: value for key in hidden if (value := value_at(given, key)) is not None}
    environment = {name: os.environ[name] for name in names if name in os.environ}
    whole = filled(plain, values, environment)
    if lacking := unkept(whole):
        words = " ".join(f"'+{key}=VALUE'" for key in lacking)
        raise ValueError(
            f"{folder / CONFIG} does not keep {', '.join(lacking)}, which is secret; give it "
            f"again by adding {words} to the command"
        )
    if check is not trusting and (lacking := list(variables(whole))):
        raise ValueError(
            f"{folder / CONFIG} takes {variables(whole)[lacking[0]]} from the environment variable "
            f"{lacking[0]}; set it and allow that with env=[{','.join(variables(plain))}]"
        )
    remember(values)
    return _checked(whole, folder, check)


def stored_config(folder: Path) -> Config:
    """The config of a run as plain values, with paths adapted to the present place of the folder.

    Raises:
        ValueError: If the file is not a config; names the file.
    """
    plain = with_targets_renamed(read_mapping(folder / CONFIG, LIMIT))
    here, old = str(folder.resolve()), run_folder(plain)
    if "paths" in plain and Path(old).name in ("", ".."):
        raise ValueError(f"{folder / CONFIG}: paths.run={old!r} is not the folder of a run")
    plain = with_paths_moved(plain, old, here) if old else plain
    return {str(key): value for key, value in plain.items()}


def read_overrides(folder: Path) -> list[str] | None:
    """Overrides with which a training was started; None if its folder lacks them.

    Raises:
        ValueError: If the file is not a list; names the file.
    """
    file = folder / OVERRIDES
    return [str(word) for word in read_list(file, LIMIT)] if file.is_file() else None


def _check_asked(given: Mapping[str, Any], hidden: Sequence[str]) -> None:
    """Refuse values that are not needed, because a run is resumed unchanged."""
    for key, _ in leaves(given):
        if not any(f"{key}.".startswith(f"{name}.") for name in hidden):
            asked = f"only {', '.join(hidden)} can be set" if hidden else "remove it"
            raise ValueError(f"{key}=... would change the run, which is resumed unchanged; {asked}")


def _checked(plain: Config, folder: Path, check: Check) -> DictConfig:
    try:
        return check(OmegaConf.create(plain))
    except ValueError as error:
        raise ValueError(f"{folder / CONFIG}: {error}") from None
