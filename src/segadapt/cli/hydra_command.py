"""The command line; heavy imports wait until a config has been composed."""

import sys
from collections.abc import Callable
from pathlib import Path

import hydra
from omegaconf import DictConfig

from segadapt.cli import option_help
from segadapt.cli.composing import composing
from segadapt.cli.shell import answer
from segadapt.data import cached_features
from segadapt.runs import new_folder
from segadapt.runs.reader import Run, read_run
from segadapt.runs.settings.check import check_command, check_values, unresolved
from segadapt.runs.settings.squares import square
from segadapt.runs.trust import Check, check, trusting

RESUME = ("run", "trust_config", "env")
"""Keys of conf/resume.yaml; all others are secrets that the run's folder does not keep."""

CONF = Path(__file__).resolve().parents[1] / "conf"

cached_features.register()
option_help.register(CONF)
new_folder.register()


def check_data() -> None:
    """Look at every file of a data set: python scripts/check_data.py data=NAME.

    The exit code is 1 if anything would end a training.
    """

    @hydra.main(version_base="1.3", config_path=str(CONF), config_name="check_data")
    def job(cfg: DictConfig) -> None:
        _told(_checked, cfg, "check_data")

    composing(job, "check_data", CONF)


def _checked(cfg: DictConfig) -> None:
    from rich.console import Console

    from segadapt.data.checks.check_dataset import check

    if check(cfg, Console()):
        sys.exit(1)


def _run(cfg: DictConfig) -> Run:
    """The training that a command is about: read before the imports that take seconds."""
    return read_run(cfg.run, cfg.checkpoint, _check(cfg))


def _check(cfg: DictConfig) -> Check:
    return trusting if cfg.trust_config else _looked_at


def _looked_at(config: DictConfig) -> DictConfig:
    """The config of a run folder: what it would build is on the list, and its values fit."""
    checked = check(config)
    check_values(unresolved(checked))
    return checked


def _told(act: Callable[[DictConfig], None], cfg: DictConfig, command: str) -> None:
    """Act by settings that have been looked at; what goes wrong is told in one sentence."""

    def looked_at() -> None:
        square(cfg)
        check_command(unresolved(cfg), command)
        act(cfg)

    answer(looked_at)


def _fit(cfg: DictConfig) -> dict[str, float]:
    from segadapt.experiment import fit

    return fit(cfg)
