"""Shared parts of the commands that compose a config, which precedes any slow import."""

from collections.abc import Callable

import hydra
from omegaconf import DictConfig

from segadapt.cli import option_help
from segadapt.cli.composing import run_composed
from segadapt.cli.places import CONF
from segadapt.cli.shell import answer
from segadapt.data import cached_features, class_count
from segadapt.runs import new_folder
from segadapt.runs.reader import Run, read_run
from segadapt.runs.settings.check import check_command, check_values, unresolved
from segadapt.runs.settings.squares import square
from segadapt.runs.trust import Check, check, trusting

cached_features.register()
class_count.register()
option_help.register(CONF)
new_folder.register()


def read_trained_run(cfg: DictConfig) -> Run:
    """The run that a command uses, read before any slow import."""
    return read_run(cfg.run, cfg.checkpoint, trust_check(cfg))


def trust_check(cfg: DictConfig) -> Check:
    """The function that checks the config of a run folder, chosen by ``trust_config``."""
    return trusting if cfg.trust_config else _check_whole


def _check_whole(config: DictConfig) -> DictConfig:
    """Check that a config builds only listed classes, and that its values are valid."""
    checked = check(config)
    check_values(unresolved(checked))
    return checked


def compose_and_run(command: str, act: Callable[[DictConfig], None]) -> None:
    """Compose the config of a command from the words of the process, check it, and run it.

    Args:
        command: Name of its config, such as ``evaluate``.
        act: The command; errors are reported in one sentence.
    """

    @hydra.main(version_base="1.3", config_path=str(CONF), config_name=command)
    def job(cfg: DictConfig) -> None:
        answer(lambda: checked(cfg))

    def checked(cfg: DictConfig) -> None:
        square(cfg)
        check_command(unresolved(cfg), command)
        act(cfg)

    run_composed(job, command, CONF)


def fit_run(cfg: DictConfig) -> dict[str, float]:
    """Train in this process, in a run folder that it already holds."""
    from segadapt.experiment import fit

    return fit(cfg)
