"""The config of a training as plain values that have been looked at."""

import re
from typing import Final

from omegaconf import DictConfig, OmegaConf, open_dict, read_write
from omegaconf.errors import MissingMandatoryValue, OmegaConfBaseException

from segadapt.runs.config import Config, resolved
from segadapt.runs.settings.agreement import check_agreement
from segadapt.runs.settings.check import check_training, check_values, unresolved
from segadapt.runs.settings.squares import square

RESOLVER: Final = re.compile(r"ValueError raised while resolving interpolation: (.+)")
"""A resolver of this package refuses something, in a sentence of its own."""

FROM_FILES: Final = ("${cached:", "${class_count:")
"""Interpolations of ``data`` that read files."""


def settle(cfg: DictConfig) -> Config:
    """Check a composed config; one number for rows and columns becomes a square in it.

    Returns:
        Its values without interpolations.

    Raises:
        ValueError: If a value is missing, of another kind than its key takes, or contradicts
            another one, or if nothing reads a key.
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
    """Write facts that were read from files into a config: a run stays what it was at its start."""
    for key, value in raw["data"].items():
        if isinstance(value, str) and value.startswith(FROM_FILES):
            with read_write(cfg), open_dict(cfg):
                OmegaConf.update(cfg, f"data.{key}", config["data"][key])


def resolved_config(cfg: DictConfig) -> Config:
    """A config as plain values, whatever they are.

    Raises:
        ValueError: If one is missing, or an interpolation cannot be resolved.
    """
    try:
        return resolved(cfg)
    except MissingMandatoryValue as error:
        raise ValueError(f"{error.full_key} has no value; set {error.full_key}=VALUE") from None
    except OmegaConfBaseException as error:
        raise ValueError(broken(error)) from error
    except RecursionError:
        raise ValueError("an interpolation ${...} refers to itself; give a value") from None


def broken(error: OmegaConfBaseException) -> str:
    """What is wrong with an interpolation, in one line."""
    first = str(error).partition("\n")[0]
    if told := RESOLVER.match(first):
        return told[1]
    return f"{error.full_key}: {first}" if error.full_key else first
