"""The command line; heavy imports wait until a config has been composed."""

from pathlib import Path

import hydra
from omegaconf import DictConfig

CONF = Path(__file__).resolve().parent / "conf"


@hydra.main(version_base="1.3", config_path=str(CONF), config_name="train")
def train(cfg: DictConfig) -> float:
    """Train a segmentor and return the monitored value, for sweepers."""
    from segadapt import experiment

    return experiment.train(cfg)[cfg.monitor]
