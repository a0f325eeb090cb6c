"""From a config to a trained model."""

import lightning as L
from hydra.utils import instantiate
from omegaconf import DictConfig

from segadapt.segmentor import Segmentor
from segadapt.task import SegmentationTask


def build_task(cfg: DictConfig) -> SegmentationTask:
    """Instantiate the network, its objective and its optimiser."""
    classes = cfg.data.num_classes
    return SegmentationTask(
        model=Segmentor(instantiate(cfg.model), instantiate(cfg.classifier), classes),
        objective=instantiate(cfg.loss),
        optimizer=instantiate(cfg.optimizer),
        schedule=instantiate(cfg.schedule),
        num_classes=classes,
    )


def train(cfg: DictConfig) -> dict[str, float]:
    """Fit and return the last logged metrics."""
    L.seed_everything(cfg.seed, workers=True)
    trainer = instantiate(cfg.trainer)
    trainer.fit(build_task(cfg), datamodule=instantiate(cfg.data.module))
    return {name: value.item() for name, value in trainer.callback_metrics.items()}
