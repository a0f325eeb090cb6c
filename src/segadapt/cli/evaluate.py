"""``segadapt evaluate run=RUN``: measure a trained network."""

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
    evaluate()


def evaluate() -> None:
    """Measure a trained network: ``segadapt evaluate run=RUN inference=multiscale``.

    Writes RUN_FOLDER/evaluation/INFERENCE-CHECKPOINT.json and .html; with submission=FILE.zip,
    writes the predictions for the server of a data set instead.
    """
    hydra_command.compose_and_run("evaluate", _evaluate)


def _evaluate(cfg: DictConfig) -> None:
    run = hydra_command.read_trained_run(cfg)
    from rich.console import Console

    from segadapt.deployment.prediction_files.submission import submit
    from segadapt.evaluation.evaluate import evaluate
    from segadapt.training.library_warnings import silence_known_warnings

    silence_known_warnings()
    command = evaluate if cfg.submission is None else submit
    command(cfg, run, Console())
