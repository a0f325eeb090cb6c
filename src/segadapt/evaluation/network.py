"""Building a network and its objective from a config, without Lightning."""

from typing import NamedTuple

import torch
from hydra.utils import instantiate
from jaxtyping import Int64
from omegaconf import DictConfig, OmegaConf
from torch import Tensor

from segadapt.classifiers.base import remove_teachers, with_teacher
from segadapt.losses.objective import Objective
from segadapt.models.input_channels import adapt_input, starts_published
from segadapt.runs.config import without_published_weights
from segadapt.segmentor import Segmentor
from segadapt.structures import Prediction

SIDE = 64
"""Side of the trial images, in pixels."""


class Network(NamedTuple):
    """A network and its objective, which decides whether it keeps its teacher."""

    model: Segmentor
    objective: Objective


def build_network(cfg: DictConfig) -> Network:
    """Instantiate a network and its objective."""
    model, objective = bare_model(cfg), instantiate(cfg.loss)
    drop_unread_teacher(model, objective, cfg.data.num_classes)
    return Network(model.to(memory_format=torch.channels_last), objective)


def bare_model(cfg: DictConfig) -> Segmentor:
    """Instantiate a network whose classifier keeps its teacher."""
    generator = instantiate(cfg.model)
    if not reads_plain_images(cfg.data):
        asked = OmegaConf.to_container(cfg.model, resolve=True)
        adapt_input(generator, cfg.data.channels, starts_published(asked))
    return Segmentor(generator, instantiate(cfg.classifier), cfg.data.num_classes)


def reads_plain_images(data: DictConfig) -> bool:
    """Whether a data set has 8-bit RGB images, or cached features, which have no bit depth."""
    return "depth" not in data or (data.channels == 3 and data.depth == 8)


def build_model(cfg: DictConfig) -> Segmentor:
    """The network of a training, for weights that come from its checkpoint.

    Published weights are not looked up, because they may no longer be available.
    """
    return build_network(without_published_weights(cfg)).model


def drop_unread_teacher(model: Segmentor, objective: Objective, num_classes: int) -> None:
    """Remove the classifier's teacher if no term of the objective uses it.

    It would cost time in every step, and be measured untrained as the oracle.

    Args:
        model: Network; only its classifier is run, on a few features.
        objective: Objective of the training.
        num_classes: Number of classes.
    """
    if not with_teacher(model.classifier):
        return
    training = model.training
    model.eval()
    with torch.no_grad():
        mask = squares(num_classes)
        features = torch.ones(2, model.generator.channels, SIDE // 8, SIDE // 8)
        target = mask[:, ::8, ::8]
        prediction = model.classifier(features, target)
        prediction = prediction._replace(auxiliary=prediction.student)  # irrelevant here
        if not _reads_teacher(objective, prediction, mask):
            remove_teachers(model.classifier)
    model.train(training)


def squares(num_classes: int) -> Int64[Tensor, "2 _ _"]:
    """Two label maps with squares of many classes."""
    rows = torch.arange(SIDE) // 16
    mask = (rows[:, None] * 4 + rows) % num_classes
    return torch.stack([mask, mask.flip(0)])


def _reads_teacher(objective: Objective, prediction: Prediction, mask: Tensor) -> bool:
    """Whether the objective needs the teacher: terms raise if a required branch is missing."""
    total = objective(prediction, mask).total
    try:
        without = objective(prediction._replace(teacher=None), mask).total
    except ValueError:
        return True
    return not torch.equal(total, without)
