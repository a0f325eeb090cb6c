"""``segadapt cache-features run=RUN out=FOLDER``: store the pixel features of a network."""

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
    cache_features()


def cache_features() -> None:
    """Store the features of a training: ``segadapt cache-features run=RUN``."""
    hydra_command.compose_and_run("cache_features", _cache)


def _cache(cfg: DictConfig) -> None:
    run = hydra_command.read_trained_run(cfg)
    from rich.console import Console

    from segadapt.evaluation.cache_features import cache
    from segadapt.training.library_warnings import silence_known_warnings

    silence_known_warnings()
    cache(cfg, run, Console())
