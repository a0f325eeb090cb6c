"""Experiments of the papers on other data sets, at a suitable size.

An experiment sets the length of its training. Another data set on the command line sets its own
number of steps; small data sets also choose the small network, cached features choose no network,
and both choose the optimiser for training from scratch. These choices become overrides before those
that were typed, so that the typed ones take precedence and the run folder stores all.
"""

import difflib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Glob, Override
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf

MODELS: Final = {"camvid": "tiny", "digits": "tiny", "synthetic": "tiny", "cached": "cached"}
"""Default network of a data set with an experiment: a small one, or none for cached features."""

OF_RECIPES = ("lr", "layer_decay")
"""Settings of its network's optimiser that an experiment may change."""


def scale_experiment(arguments: Sequence[str], conf: Path) -> tuple[list[str], list[str]]:
    """The overrides to compose instead of the typed ones.

    Args:
        arguments: The command line.
        conf: Folder of the config groups.

    Returns:
        The new command line and the overrides that were added to it.

    Raises:
        ValueError: If a glob matches no experiment, or several data sets share one recipe.
    """
    overrides = {override.key_or_group: override for override in _overrides(arguments)}
    experiment, data = overrides.get("experiment"), overrides.get("data")
    if experiment is None:
        return list(arguments), []
    _check_glob(experiment, _options(conf / "experiment"))
    if data is None:
        return list(arguments), []
    if data.is_sweep_override():
        raise ValueError(
            f"{data.input_line} beside an experiment: each data set has its own number of steps; "
            "start one sweep for each"
        )
    name = str(data.value())
    if name not in _options(conf / "data"):
        return list(arguments), []  # Hydra reports it, with the nearest name
    added = [f"data.{key}={_value(conf / 'data', name, key)}" for key in ("steps", "eval_every")]
    typed = overrides.get("model")
    model = MODELS.get(name) if typed is None else str(typed.value())
    if typed is None and model is not None:
        added.append(f"model={model}")
    if model in MODELS.values():
        added += _from_scratch(conf)
    first = next(i for i, word in enumerate(arguments) if "=" in word)
    return [*arguments[:first], *added, *arguments[first:]], added


def _from_scratch(conf: Path) -> list[str]:
    """Overrides that restore the optimiser for training from random weights."""
    there = OmegaConf.load(conf / "optimizer" / "adamw.yaml")
    assert isinstance(there, DictConfig)
    known = [key for key in OF_RECIPES if key in there]
    values = {key: "null" if there[key] is None else there[key] for key in known}
    changes = [f"optimizer.{key}={value}" for key, value in values.items()]
    return ["optimizer=adamw", *changes, "schedule.reference_steps=null"]


def _overrides(arguments: Sequence[str]) -> Iterator[Override]:
    """The words that are valid overrides; Hydra reports errors in the others."""
    parser = OverridesParser.create()
    for word in arguments:
        if "=" in word and not word.startswith("-"):
            try:
                yield parser.parse_override(word)
            except HydraException:
                continue


def _check_glob(override: Override, there: Sequence[str]) -> None:
    """Refuse a glob that matches nothing, which would be a sweep without runs or errors."""
    choice = override.value()
    if not isinstance(choice, Glob) or choice.filter(list(there)):
        return
    wanted = choice.include[0].replace("*", "")
    near = difflib.get_close_matches(wanted, there, n=3, cutoff=0.4)
    said = f"; the nearest are {', '.join(near)}" if near else ""
    raise ValueError(f"{override.input_line} matches none of {len(there)} experiments{said}")


def _options(folder: Path) -> list[str]:
    return sorted(file.stem for file in folder.glob("*.yaml"))


def _value(folder: Path, option: str, key: str) -> Any:
    """A value of a config file, or of its defaults."""
    loaded = OmegaConf.load(folder / f"{option}.yaml")
    assert isinstance(loaded, DictConfig)
    if key in loaded:
        return loaded[key]
    for base in loaded.get("defaults", []):
        if isinstance(base, str) and base != "_self_":
            return _value(folder, base, key)
    raise ValueError(f"conf/{folder.name}/{option}.yaml has no {key}")
