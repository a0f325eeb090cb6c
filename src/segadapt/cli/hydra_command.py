"""What the commands that compose a config share; heavy imports wait until that is done."""

from collections.abc import Callable

from omegaconf import DictConfig

from segadapt.cli import option_help
from segadapt.cli.places import CONF
from segadapt.cli.shell import answer
from segadapt.data import cached_features
from segadapt.runs import new_folder
from segadapt.runs.reader import Run, read_run
from segadapt.runs.settings.check import check_command, check_values, unresolved
from segadapt.runs.settings.squares import square
from segadapt.runs.trust import Check, check, trusting

cached_features.register()
option_help.register(CONF)
new_folder.register()


def read_trained_run(cfg: DictConfig) -> Run:
    """The training that a command is about: read before the imports that take seconds."""
    return read_run(cfg.run, cfg.checkpoint, trust_check(cfg))


def trust_check(cfg: DictConfig) -> Check:
    """What looks at the config of a run folder, as ``trust_config`` asks."""
    return trusting if cfg.trust_config else _check_whole


def _check_whole(config: DictConfig) -> DictConfig:
    """The config of a run folder: what it would build is on the list, and its values fit."""
    checked = check(config)
    check_values(unresolved(checked))
    return checked


def run_checked(act: Callable[[DictConfig], None], cfg: DictConfig, command: str) -> None:
    """Run a command with checked settings; errors are reported in one sentence."""

    def looked_at() -> None:
        square(cfg)
        check_command(unresolved(cfg), command)
        act(cfg)

    answer(looked_at)


def fit_run(cfg: DictConfig) -> dict[str, float]:
    """Train in this process, in a run folder that is held already."""
    from segadapt.experiment import fit

    return fit(cfg)
