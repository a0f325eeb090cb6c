"""python scripts/cache_features.py run=RUN_FOLDER out=FOLDER: write the features of a network."""

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
    cache_features()


def cache_features() -> None:
    """Keep the features of a training: python scripts/cache_features.py run=RUN_FOLDER."""

    @hydra.main(version_base="1.3", config_path=str(CONF), config_name="cache_features")
    def job(cfg: DictConfig) -> None:
        hydra_command.run_checked(_cached, cfg, "cache_features")

    composing(job, "cache_features", CONF)


def _cached(cfg: DictConfig) -> None:
    run = hydra_command.read_trained_run(cfg)
    from rich.console import Console

    from segadapt.evaluation.cache_features import cache
    from segadapt.evaluation.device import chosen_device
    from segadapt.experiment import build_model
    from segadapt.training.library_warnings import be_quiet

    be_quiet()
    cfg.device = chosen_device(cfg.device)
    cache(cfg, run, build_model, Console())
