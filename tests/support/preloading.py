"""Imports of most trainings, done once before tests fork them rather than in each child."""

import functools
import importlib
import pkgutil
from typing import Final

PACKAGES: Final = (
    *("segadapt.classifiers", "segadapt.losses", "segadapt.data.datasets", "segadapt.data.files"),
    *("segadapt.data.transforms", "segadapt.training.callbacks", "segadapt.training.optim"),
)
"""All of their modules, which configs name or functions import late."""

MODULES: Final = (
    *("segadapt.models.encoders.tiny", "segadapt.models.decoders.fpn", "segadapt.experiment"),
    *("segadapt.evaluation.evaluate", "segadapt.training.loggers.wandb_tracker"),
    *("segadapt.runs.sweeps.grid", "segadapt.runs.sweeps.cluster", "segadapt.runs.sweeps.plan"),
    *("hydra.main", "hydra._internal.hydra", "hydra_plugins.segadapt_sweepers"),
)
"""Single ones."""


@functools.cache
def preload() -> None:
    """Import them; a training that is forked then needs half of the time."""
    for name in PACKAGES:
        package = importlib.import_module(name)
        for module in pkgutil.iter_modules(package.__path__, f"{name}."):
            importlib.import_module(module.name)
    for name in MODULES:
        importlib.import_module(name)
