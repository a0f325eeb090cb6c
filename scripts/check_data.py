"""Check a data set before training: python scripts/check_data.py data=NAME splits=[train,val]."""

import sys

import hydra
from omegaconf import DictConfig

from segadapt.answering import answer
from segadapt.cli import CONF, composing


@hydra.main(version_base="1.3", config_path=str(CONF), config_name="check_data")
def main(cfg: DictConfig) -> None:
    """Scan all files, print what is wrong, and write numbers and figures; 1 if anything is."""
    answer(lambda: sys.exit(1 if _errors(cfg) else 0))


def _errors(cfg: DictConfig) -> bool:
    from rich.console import Console

    from segadapt.data.check import check

    return bool(check(cfg, Console()))


if __name__ == "__main__":
    composing(main, "check_data")
