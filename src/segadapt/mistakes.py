"""Mistakes in overrides, in one sentence with the nearest thing that would have worked."""

import difflib
import re
from collections.abc import Callable, Iterator, Sequence

from hydra.errors import MissingConfigException, OverrideParseException
from omegaconf import DictConfig, OmegaConf

MANY = 60
"""Options of a group that are no longer told one by one."""

PLUGINS = {"joblib": "hydra-joblib-launcher", "submitit_slurm": "hydra-submitit-launcher"}
"""Launchers that are installed by themselves."""


def mistake(error: Exception, compose: Callable[[], DictConfig]) -> str:
    """What is wrong with overrides that Hydra cannot compose.

    Args:
        error: Hydra's.
        compose: Gives the config without overrides, whose keys are compared.
    """
    if isinstance(error, MissingConfigException) and error.options:
        group, _, name = str(error.missing_cfg_file).rpartition("/")
        there = sorted(error.options)
        if group == "hydra/launcher" and name in PLUGINS:
            return f"there is no {group}={name} before: pip install {PLUGINS[name]}"
        nearest = 3 if len(there) > MANY else 1
        said = f"there is no {group}={name}{_near(name, there, nearest)}"
        return said if len(there) > MANY else f"{said}; there is {', '.join(there)}"
    if unknown := re.match(r"Could not override '([^']+)'", str(error)):
        key = unknown[1]
        return f"there is no key {key}{_near(key, list(_keys(compose(), '')))}; +{key}= adds it"
    if told := re.match(r"ValueError raised while resolving interpolation: (.+)", str(error)):
        return told[1]  # a resolver of ours
    if isinstance(error, OverrideParseException):
        return (
            f"{error.override!r} cannot be read; write KEY=VALUE, and \"KEY='VALUE'\" where the "
            "value has other characters than English letters, digits and _ . / : -"
        )
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return "; ".join(line for line in lines if not line.startswith("See https"))


def _near(name: str, there: Sequence[str], number: int = 1) -> str:
    close = difflib.get_close_matches(name, there, n=number)
    return f", did you mean {' or '.join(close)}?" if close else ""


def _keys(node: DictConfig, prefix: str) -> Iterator[str]:
    """Dotted keys of all nodes."""
    for key in node:
        name = f"{prefix}{key!s}"
        yield name
        if OmegaConf.is_dict(child := node._get_node(key)):
            assert isinstance(child, DictConfig)
            if not child._is_none():
                yield from _keys(child, f"{name}.")
