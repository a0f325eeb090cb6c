"""``segadapt check-data data=NAME``: read every file of a data set."""

import sys
from collections.abc import Sequence

from omegaconf import DictConfig

from segadapt.cli import hydra_command


def main(words: Sequence[str]) -> None:
    """Run one command line.

    Args:
        words: Overrides, as Hydra takes them.
    """
    sys.argv[1:] = words
    check_data()


def check_data() -> None:
    """Read every file of a data set: ``segadapt check-data data=NAME``.

    The exit code is 1 if a training would fail.
    """
    hydra_command.compose_and_run("check_data", _check)


def _check(cfg: DictConfig) -> None:
    from rich.console import Console

    from segadapt.data.checks.check_dataset import check

    if check(cfg, Console()):
        sys.exit(1)
