"""Evaluate a training: python scripts/evaluate.py run=RUN_FOLDER inference=multiscale."""

import sys

import hydra
from omegaconf import DictConfig

from segadapt.cli import CONF


@hydra.main(version_base="1.3", config_path=str(CONF), config_name="evaluate")
def main(cfg: DictConfig) -> None:
    """Measure the run and write RUN_FOLDER/evaluation/INFERENCE-CHECKPOINT.json and .html."""
    from segadapt.run_reader import read_run
    from segadapt.trust import check

    try:
        run = read_run(cfg.run, cfg.checkpoint)  # before the imports that take seconds
        if not cfg.trust_config:
            check(run.config)
        from rich.console import Console

        from segadapt.evaluation.command import evaluate
        from segadapt.experiment import build_task

        evaluate(cfg, run, lambda trained: build_task(trained).model, Console())
    except ValueError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
