"""Objectives as their yaml says."""

from pathlib import Path

from hydra import compose, initialize_config_dir
from hydra.utils import instantiate

from segadapt.losses.objective import Objective

CONF = Path(__file__).parents[2] / "conf"


def objective(classifier: str, *overrides: str) -> Objective:
    """What ``python train.py classifier=...`` minimises."""
    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = compose("train", ["data=synthetic", f"classifier={classifier}", *overrides])
    return instantiate(config.loss)
