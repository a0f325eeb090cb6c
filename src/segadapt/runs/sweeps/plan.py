"""All trials of a sweep, composed before the first of them begins."""

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
from segadapt.runs.stored_config import stored_config
from segadapt.runs.sweeps.trial import Trial

Compose = Callable[[Sequence[str], Path], Config]
"""The resolved config of overrides in a folder."""


class Key(NamedTuple):
    """What makes a trial the same trial when its sweep is started again."""

    fingerprint: str
    published: str
    """Rows of a table may be one recipe; each is trained."""


def composer(context: HydraContext, master: DictConfig) -> Compose:
    """What composes a trial exactly as a launcher will.

    Args:
        context: Hydra's.
        master: The config of the sweep.
    """

    def compose(overrides: Sequence[str], folder: Path) -> Config:
        cfg = context.config_loader.load_sweep_config(master, list(overrides))
        with read_write(cfg.hydra), open_dict(cfg.hydra):
            cfg.hydra.runtime.output_dir = str(folder.absolute())
        hydra = HydraConfig.instance()
        before = hydra.cfg
        hydra.set_config(cfg)  # for the interpolations into it
        try:
            with read_write(cfg), open_dict(cfg):
                del cfg["hydra"]
            settle(cfg)
            return kept_config(cfg)
        finally:
            hydra.cfg = before

    return compose


def parsed(words: Sequence[str], context: HydraContext) -> list[Override]:
    """Overrides as Hydra understands them."""
    parser = OverridesParser.create(config_loader=context.config_loader)
    return parser.parse_overrides(list(words))


def plan(
    all_overrides: Sequence[Sequence[str]], all_configs: Sequence[Config], folder: Path
) -> list[Trial]:
    """Give each trial its folder: the one in which it was begun, or the next that is free.

    A sweep that has grown, by a seed say, therefore continues what exists.

    Args:
        all_overrides: Overrides of each trial.
        all_configs: What they compose to.
        folder: Sweep folder.
    """
    numbers = _numbers([_key(config) for config in all_configs], read_trials(folder))
    return [
        Trial(number, tuple(overrides), folder / str(number), config["monitor"])
        for number, overrides, config in zip(numbers, all_overrides, all_configs, strict=True)
    ]


def read_trials(folder: Path) -> dict[int, Key]:
    """The trials that a sweep folder holds already, whoever began them."""
    numbered = (trial for trial in folder.glob("[0-9]*") if trial.name.isdecimal())
    written = (trial for trial in numbered if (trial / CONFIG).is_file())
    return {int(trial.name): _key(stored_config(trial)) for trial in sorted(written)}


def _numbers(keys: Sequence[Key], begun_trials: dict[int, Key]) -> list[int]:
    """The number of each trial; twice the same are two trials."""
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
    return Key(
        config_digest(config), OmegaConf.to_yaml(OmegaConf.create([config.get("published")]))
    )
