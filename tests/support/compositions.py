"""Configs of conf/, composed for tests: each file is read once, each composition made once."""

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from hydra import compose, initialize_config_dir
from hydra._internal.config_repository import ConfigRepository
from hydra.core.global_hydra import GlobalHydra
from hydra.plugins.config_source import ConfigResult
from omegaconf import DictConfig

from segadapt.cli.hydra_command import CONF


def composed(*overrides: str, name: str = "train") -> DictConfig:
    """The config that ``python train.py`` composes from these words, as the caller's own copy."""
    return copy.deepcopy(_composed(name, overrides))


@cache
def _composed(name: str, overrides: tuple[str, ...]) -> DictConfig:
    with configurations():
        return compose(name, list(overrides))


@contextmanager
def configurations() -> Iterator[None]:
    """A context in which Hydra composes from conf/ and reads each file once."""
    with initialize_config_dir(str(CONF), version_base="1.3"):
        loader: Any = GlobalHydra.instance().config_loader()
        loader.repository = _Remembered(loader.config_search_path)
        yield


READ: dict[str, ConfigResult | None] = {}
"""Files by their paths within conf/, which no test changes."""


class _Remembered(ConfigRepository):
    """Hydra's own, but for files that have been read."""

    def __deepcopy__(self, _: dict[int, Any]) -> "_Remembered":
        return self  # for each composition Hydra copies what it reads from

    def load_config(self, config_path: str) -> ConfigResult | None:
        if config_path not in READ:
            READ[config_path] = super().load_config(config_path)
        return copy.deepcopy(READ[config_path])  # composing changes it
