"""All trials of a sweep, composed before the first one starts."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.types import HydraContext
from omegaconf import DictConfig, OmegaConf, open_dict, read_write

from segadapt.runs.config import Config, config_digest
from segadapt.runs.file_names import CONFIG
from segadapt.runs.folder import kept_config
from segadapt.runs.settings.settle import settle
from segadapt.runs.settings.unread import check_unread
from segadapt.runs.stored_config import stored_config
from segadapt.runs.sweeps.trial import Trial

Compose = Callable[[Sequence[str], Path], Config]
"""A function from overrides and a folder to the resolved config."""


class Key(NamedTuple):
    """Identity of a trial across restarts of its sweep."""

    fingerprint: str
    published: str
    """Row of a table; rows with equal recipes are separate trials."""
    origin: str
    """Run whose weights the trial starts from, as typed: a trial that has not started does not know
    the digest of these weights."""


def composer(context: HydraContext, master: DictConfig) -> Compose:
    """A function that composes a trial exactly as a launcher will.

    Args:
        context: Context of Hydra.
        master: Config of the sweep.
    """

    def compose(overrides: Sequence[str], folder: Path) -> Config:
        cfg = context.config_loader.load_sweep_config(master, list(overrides))
        with read_write(cfg.hydra), open_dict(cfg.hydra):
            cfg.hydra.runtime.output_dir = str(folder.absolute())
        hydra = HydraConfig.instance()
        before = hydra.cfg
        hydra.set_config(cfg)  # for interpolations that refer to it
        try:
            with read_write(cfg), open_dict(cfg):
                del cfg["hydra"]
            check_unread(settle(cfg), overrides)
            return kept_config(cfg)
        finally:
            hydra.cfg = before

    return compose


def parsed(words: Sequence[str], context: HydraContext) -> list[Override]:
    """Overrides as parsed by Hydra."""
    parser = OverridesParser.create(config_loader=context.config_loader)
    return parser.parse_overrides(list(words))


def plan(
    all_overrides: Sequence[Sequence[str]], all_configs: Sequence[Config], folder: Path
) -> list[Trial]:
    """Give each trial its folder: the one in which it was started, or the next free one.

    A sweep that was extended, for example by a seed, therefore continues its existing trials.

    Args:
        all_overrides: Overrides of each trial.
        all_configs: Config of each trial.
        folder: Sweep folder.
    """
    numbers = _numbers([_key(config) for config in all_configs], read_trials(folder))
    return [
        Trial(number, tuple(overrides), folder / str(number), config["monitor"])
        for number, overrides, config in zip(numbers, all_overrides, all_configs, strict=True)
    ]


def read_trials(folder: Path) -> dict[int, Key]:
    """The trials that a sweep folder already holds."""
    numbered = (trial for trial in folder.glob("[0-9]*") if trial.name.isdecimal())
    written = (trial for trial in numbered if (trial / CONFIG).is_file())
    return {int(trial.name): _key(stored_config(trial)) for trial in sorted(written)}


def _numbers(keys: Sequence[Key], begun_trials: dict[int, Key]) -> list[int]:
    """The number of each trial; equal keys are separate trials."""
    claimed: list[int | None] = []
    for key in keys:
        same = (number for number in sorted(begun_trials) if begun_trials[number] == key)
        claimed.append(next((number for number in same if number not in claimed), None))
    free = _free(begun_trials)
    return [next(free) if number is None else number for number in claimed]


def _free(begun_trials: dict[int, Key]) -> Iterator[int]:
    number = 0
    while True:
        if number not in begun_trials:
            yield number
        number += 1


def _key(config: Config) -> Key:
    origin = {key: value for key, value in (config.get("init") or {}).items() if key != "sha256"}
    if origin.get("run") is None:
        origin = {}  # and its other settings are idle, unless the digest below contains them
    else:
        config = {**config, "init": {**origin, "sha256": None}}
    published, start = (
        OmegaConf.to_yaml(OmegaConf.create([part])) for part in (config.get("published"), origin)
    )
    return Key(config_digest(config), published, start)
