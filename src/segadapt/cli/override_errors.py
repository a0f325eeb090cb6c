"""Errors in overrides, in one sentence with the nearest valid alternative."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException, MissingConfigException, OverrideParseException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from segadapt.runs.config import value_at
from segadapt.runs.settings.check import shown
from segadapt.runs.settings.near import did_you_mean, keys, near, near_keys
from segadapt.runs.settings.settle import broken
from segadapt.runs.settings.signatures import signature

MANY: Final = 60
"""Number of options above which a group is not listed in full."""

PLUGINS: Final = {
    "joblib": "hydra-joblib-launcher",
    "submitit_slurm": "hydra-submitit-launcher",
    "submitit_local": "hydra-submitit-launcher",
}
"""Launchers that are separate packages."""

UNKNOWN: Final = re.compile(r"Could not (?:override|delete from config\.) '([^']+)'")
AMBIGUOUS: Final = re.compile(r"Ambiguous value for argument '([^=]+)=(.*)'")
ADDED: Final = re.compile(r"Could not append to config\. An item is already at '([^']+)'")
TWICE: Final = re.compile(r"Multiple values for ([\w/@.]+)")
MERGED: Final = re.compile(r"Error merging override (.+)")
NAMELESS: Final = "Config group override must be a string or a list"

Compose = Callable[[], DictConfig]


def explain(error: Exception, words: Sequence[str], conf: Path, compose: Compose) -> str:
    """Explain the error in overrides that Hydra cannot compose.

    Args:
        error: Error of Hydra or of segadapt.
        words: Words as typed.
        conf: Folder of the config groups.
        compose: Composes the config with the chosen groups, whose keys are compared.
    """
    text = str(error)
    if isinstance(error, MissingConfigException) and error.options:
        return _missing_option(str(error.missing_cfg_file), sorted(error.options))
    if isinstance(error, OverrideParseException):
        return (
            f"{error.override!r} cannot be read; write KEY=VALUE, or \"KEY='VALUE'\" if the "
            "value has other characters than ASCII letters, digits and _ . / : -"
        )
    if unknown := UNKNOWN.match(text):
        return _unknown_key(unknown[1], compose)
    if text.startswith(NAMELESS) or TWICE.match(text):
        return _not_one_option(words, conf) or _plain(text)
    if isinstance(error, OmegaConfBaseException):
        return broken(error)
    return _of_values(error) or _plain(text)


def chosen(words: Sequence[str], conf: Path) -> list[str]:
    """Overrides that choose an existing option of a group."""
    return [
        f"{key}={value}"
        for key, value in _groups(words, conf)
        if type(value) is str and (conf / key / f"{value}.yaml").is_file()
    ]


def _groups(words: Sequence[str], conf: Path) -> Iterator[tuple[str, Any]]:
    """Overrides whose key is a group."""
    parser = OverridesParser.create()
    for word in words:
        with suppress(HydraException):
            override = parser.parse_override(word)
            if (conf / override.key_or_group).is_dir() and not override.is_sweep_override():
                yield override.key_or_group, override.value()


def _not_one_option(words: Sequence[str], conf: Path) -> str | None:
    """The error of an override of a group that does not name exactly one option."""
    for key, value in _groups(words, conf):
        if type(value) is not str:
            return f"{key}={shown(key, value)} does not name one option; choose with {key}=NAME"
    return next(
        (
            f"{word} adds a group that already has an option; remove the +"
            for word in words
            if word[:1] == "+"
        ),
        None,
    )


def _of_values(error: Exception) -> str | None:
    text = str(error)
    if several := AMBIGUOUS.match(text):
        key, values = several.groups()
        return f"{key}={values} names several values; add -m to train each, or write a list [...]"
    if there := ADDED.match(text):
        return f"{there[1]} already exists; set it with {there[1]}=VALUE, without +"
    if merged := MERGED.match(text):
        cause = str(error.__cause__ or "").partition("\n")[0]
        return f"{merged[1]} has the wrong type for its key{f': {cause}' if cause else ''}"
    return None


def _plain(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return "; ".join(line for line in lines if not line.startswith("See https"))


def _missing_option(wanted: str, there: Sequence[str]) -> str:
    group, _, name = wanted.rpartition("/")
    if group == "hydra/launcher" and name in PLUGINS:
        return f"the launcher {name} is not installed; install it with pip install {PLUGINS[name]}"
    said = f"Unknown option {group}={name}."
    if len(there) > MANY:
        return said + did_you_mean(near(name, there, 3))
    return f"{said}{did_you_mean(near(name, there))} Available: {', '.join(there)}."


def _unknown_key(key: str, compose: Compose) -> str:
    """The error about an unknown key, with the nearest key or the way to add it."""
    said = f"Unknown key {key}."
    try:
        config = OmegaConf.to_container(compose(), resolve=False)
    except (HydraException, OmegaConfBaseException, ValueError):
        return said  # the choice of groups is another error
    assert isinstance(config, Mapping)
    if _is_parameter(config, key):
        return f"{said} The config leaves it at its default; set it with +{key}=VALUE."
    there = [name for name in keys(config) if not name.rpartition(".")[2].startswith("_")]
    meant = did_you_mean(near_keys(key, there))
    return said + (meant or " List the keys with segadapt train --help=all.")


def _is_parameter(config: Mapping[Any, Any], key: str) -> bool:
    """Whether the class that is built from the node around a key accepts it."""
    group, _, name = key.rpartition(".")
    node = value_at(config, group) if group else None
    match node:
        case {"_target_": str(target)}:
            taken = signature(target)
            return taken is not None and name in taken.parameters
    return False
