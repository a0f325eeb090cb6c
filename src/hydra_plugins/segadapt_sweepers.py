"""Where Hydra looks for sweepers; what they do is in segadapt.runs.sweeps.

This folder has no ``__init__.py``, because other plugins are installed into the same package.
"""

import importlib.util
from collections.abc import Mapping
from functools import partial
from typing import Any

from hydra.core.plugins import Plugins
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig

from segadapt.runs.settings.check import check_sweeper, unresolved
from segadapt.runs.sweeps.cluster import check_cluster
from segadapt.runs.sweeps.grid import sweep_grid


class GridSweeper(Sweeper):
    """Runs every combination of the values given, in one folder that it can be started in again.

    Args:
        params: Overrides with the values to try, of a ``sweep`` config; what is typed wins.
        settings: ``retries``, how often a failed trial is tried again, over all starts.
    """

    def __init__(self, params: Mapping[str, Any], **settings: Any) -> None:
        self.params, self.settings = params, settings

    def setup(
        self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig
    ) -> None:
        _check(config)
        launcher = Plugins.instance().instantiate_launcher(
            hydra_context=hydra_context, task_function=task_function, config=config
        )
        self._sweep = partial(
            sweep_grid,
            config=config,
            context=hydra_context,
            launcher=launcher,
            retries=self.settings["retries"],
        )

    def sweep(self, arguments: list[str]) -> None:
        self._sweep([*_words(self.params), *arguments])


class SearchSweeper(Sweeper):
    """Lets Optuna choose the values, in one folder that the search can be started in again.

    Args:
        params: Overrides with the intervals to search, of a ``sweep`` config; what is typed wins.
        settings: Fields of ``segadapt.runs.sweeps.search.Settings``.
    """

    def __init__(self, params: Mapping[str, Any], **settings: Any) -> None:
        self.params, self.settings = params, settings

    def setup(
        self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig
    ) -> None:
        _check(config)
        if importlib.util.find_spec("optuna") is None:
            raise ValueError("a search needs Optuna, which is not installed: pip install optuna")
        from segadapt.runs.sweeps.search import Settings, sweep_search  # Optuna takes a second

        launcher = Plugins.instance().instantiate_launcher(
            hydra_context=hydra_context, task_function=task_function, config=config
        )
        self._sweep = partial(
            sweep_search,
            config=config,
            context=hydra_context,
            launcher=launcher,
            settings=Settings(**self.settings),
        )

    def sweep(self, arguments: list[str]) -> None:
        self._sweep([*_words(self.params), *arguments])


def _check(config: DictConfig) -> None:
    """Look at what is set here rather than in a training's config, before anything is written."""
    check_sweeper(unresolved(config.hydra.sweeper))
    check_cluster(config.hydra.launcher)


def _words(params: Mapping[str, Any]) -> list[str]:
    return [f"{key}={value}" for key, value in params.items()]
