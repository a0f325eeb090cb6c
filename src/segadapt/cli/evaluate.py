"""python scripts/evaluate.py run=RUN_FOLDER: measure a training again."""

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
    evaluate()


def evaluate() -> None:
    """Measure a training again: python scripts/evaluate.py run=RUN_FOLDER inference=multiscale.

    Writes RUN_FOLDER/evaluation/INFERENCE-CHECKPOINT.json and .html; with submission=FILE.zip the
    predictions of a split for its server instead.
    """

    @hydra.main(version_base="1.3", config_path=str(CONF), config_name="evaluate")
    def job(cfg: DictConfig) -> None:
        hydra_command.run_checked(_evaluated, cfg, "evaluate")

    composing(job, "evaluate", CONF)


def _evaluated(cfg: DictConfig) -> None:
    run = hydra_command.read_trained_run(cfg)
    from rich.console import Console

    from segadapt.evaluation.device import chosen_device
    from segadapt.evaluation.evaluate import evaluate
    from segadapt.evaluation.submission import submit
    from segadapt.experiment import build_model
    from segadapt.training.library_warnings import be_quiet

    be_quiet()
    cfg.device = chosen_device(cfg.device)
    command = evaluate if cfg.submission is None else submit
    command(cfg, run, build_model, Console())
