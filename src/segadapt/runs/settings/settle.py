"""The checked config of a training as plain values."""

import re
from typing import Final

from omegaconf import DictConfig, OmegaConf, open_dict, read_write
from omegaconf.errors import MissingMandatoryValue, OmegaConfBaseException

from segadapt.runs.config import Config, resolved
from segadapt.runs.settings.agreement import check_agreement
from segadapt.runs.settings.check import check_training, check_values, unresolved
from segadapt.runs.settings.squares import square

RESOLVER: Final = re.compile(r"ValueError raised while resolving interpolation: (.+)")
"""Pattern of an error of a resolver of this package, whose message is a full sentence."""

LOST: Final = re.compile(r"Interpolation key '(.+)' not found")
"""Pattern of an error of OmegaConf about a reference to a key that does not exist."""

FROM_FILES: Final = ("${cached:", "${class_count:")
"""Interpolations of ``data`` that read files."""


def settle(cfg: DictConfig) -> Config:
    """Check a composed config, and write single numbers for rows and columns as squares.

    Returns:
        Its values without interpolations.

    Raises:
        ValueError: If a value is missing, has the wrong kind or contradicts another one, or if a
            key is unused.
    """
    square(cfg)
    raw = unresolved(cfg)
    check_values(raw)
    config = resolved_config(cfg)
    check_training(config, raw)
    check_agreement(config, raw)
    _pin(cfg, config, raw)
    return config


def _pin(cfg: DictConfig, config: Config, raw: Config) -> None:
    """Store values that were read from files in a config, so that a resumed run does not change."""
    for key, value in raw["data"].items():
        if isinstance(value, str) and value.startswith(FROM_FILES):
            with read_write(cfg), open_dict(cfg):
                OmegaConf.update(cfg, f"data.{key}", config["data"][key])


def resolved_config(cfg: DictConfig) -> Config:
    """A config as plain values, which are not checked.

    Raises:
        ValueError: If a value is missing, or an interpolation cannot be resolved.
    """
    try:
        return resolved(cfg)
    except MissingMandatoryValue as error:
        raise ValueError(f"{error.full_key} has no value; set {error.full_key}=VALUE") from None
    except OmegaConfBaseException as error:
        raise ValueError(broken(error)) from error
    except RecursionError:
        raise ValueError("an interpolation ${...} refers to itself; set a value") from None


def broken(error: OmegaConfBaseException) -> str:
    """The cause of a broken interpolation, in one line."""
    first = str(error).partition("\n")[0]
    if told := RESOLVER.match(first):
        return told[1]
    if (lost := LOST.match(first)) and error.full_key:
        return _lost(error.full_key, lost[1])
    return f"{error.full_key}: {first}" if error.full_key else first


def _lost(key: str, target: str) -> str:
    """The error about a key that refers to one that does not exist."""
    groups = dict.fromkeys(name.partition(".")[0] for name in (key, target) if "." in name)
    fitting = f"choose options of {' and '.join(groups)} that go together, or "
    return (
        f"{key} refers to {target}, which the config lacks; "
        f"{fitting if len(groups) > 1 else ''}set {key}=VALUE"
    )
