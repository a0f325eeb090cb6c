"""python scripts/evaluate.py run=RUN_FOLDER: measure a training again."""

import hydra
from omegaconf import DictConfig

from segadapt.cli.composing import composing
from segadapt.cli.hydra_command import CONF, _run, _told


def evaluate() -> None:
    """Measure a training again: python scripts/evaluate.py run=RUN_FOLDER inference=multiscale.

    Writes RUN_FOLDER/evaluation/INFERENCE-CHECKPOINT.json and .html; with submission=FILE.zip the
    predictions of a split for its server instead.
    """

    @hydra.main(version_base="1.3", config_path=str(CONF), config_name="evaluate")
    def job(cfg: DictConfig) -> None:
        _told(_evaluated, cfg, "evaluate")

    composing(job, "evaluate", CONF)


def _evaluated(cfg: DictConfig) -> None:
    run = _run(cfg)
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
