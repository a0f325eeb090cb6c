"""python scripts/check_data.py data=NAME: look at every file of a data set."""

import sys
from collections.abc import Sequence

import hydra
from omegaconf import DictConfig

from segadapt.cli import hydra_command
from segadapt.cli.composing import composing
from segadapt.cli.hydra_command import CONF


def main(words: Sequence[str]) -> None:
    """Run one command line.

    Args:
        words: Overrides, as Hydra takes them.
    """
    sys.argv[1:] = words
    check_data()


def check_data() -> None:
    """Look at every file of a data set: python scripts/check_data.py data=NAME.

    The exit code is 1 if anything would end a training.
    """

    @hydra.main(version_base="1.3", config_path=str(CONF), config_name="check_data")
    def job(cfg: DictConfig) -> None:
        hydra_command.run_checked(_checked, cfg, "check_data")

    composing(job, "check_data", CONF)


def _checked(cfg: DictConfig) -> None:
    from rich.console import Console

    from segadapt.data.checks.check_dataset import check

    if check(cfg, Console()):
        sys.exit(1)
