"""Logging figures of a finished training to its run at Weights & Biases."""

from collections.abc import Sequence
from pathlib import Path

from hydra.utils import instantiate

from segadapt.analysis.figures.selection import logger_of
from segadapt.evaluation.trained import Trained
from segadapt.training.loggers.wandb_tracker import WandbTracker


def track(trained: Trained, files: Sequence[Path]) -> str:
    """Log the PNGs among some files at the training's last step.

    Args:
        trained: A training with ``logger=wandb``.
        files: Figures, named by their stems.

    Returns:
        One sentence with their address.

    Raises:
        ValueError: If the training has no W&B run.
    """
    logger = logger_of(trained)
    tracker: WandbTracker = instantiate(logger, folder=str(trained.folder))
    for file in files:
        if file.suffix == ".png":
            tracker.log_image(f"figures/{file.stem}", file, trained.config.data.steps)
    tracker.finalize("success")
    return tracker.account()
