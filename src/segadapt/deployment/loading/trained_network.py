"""A trained network with everything that its use needs, as read from runs and bundles."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import torch
from omegaconf import DictConfig, OmegaConf
from torch import Tensor

from segadapt.classifiers.base import remove_teachers, with_teacher
from segadapt.deployment.loading.data_facts import DataFacts
from segadapt.evaluation.inference.methods import Inference
from segadapt.evaluation.network import bare_model
from segadapt.evaluation.trained import check_fit
from segadapt.runs.built_parts import NETWORK, check_parts
from segadapt.runs.config import without_published_weights
from segadapt.runs.trust import check, check_names
from segadapt.segmentor import Segmentor


class TrainedNetwork(NamedTuple):
    """Content of a run folder or a bundle."""

    network: Segmentor
    """Network in evaluation mode on the CPU, for normalised images; with its teacher if stored."""
    config: DictConfig
    """``model``, ``classifier``, ``data`` and ``inference`` of the training, at least."""
    data: DataFacts
    inference: Inference
    """Inference of the training's validation."""
    precision: str
    """Precision of the training, by Lightning's name."""
    info: dict[str, Any]
    """Plain values: where the network comes from (``source``), the digest of its weights
    (``sha256``), its ``step``, and ``miou``, ``per_class`` and ``protocol`` of a measurement of
    these weights."""
    folder: Path | None = None
    """Run folder; None for a bundle."""


def checked_parts(config: DictConfig) -> DictConfig:
    """Check a config from which only the network is built, and import nothing else.

    Args:
        config: Unresolved config of a folder that somebody else may have written.

    Returns:
        The config, without interpolations.

    Raises:
        ValueError: If it names anything that is not on the list of what may be built.
    """
    checked = check_names(config)
    parts = {name: checked[name] for name in NETWORK if name in checked}
    val = OmegaConf.select(checked, "data.module.val")
    check(OmegaConf.create({**parts, "data": {"module": {"val": val}}}))
    return checked


def check_used_parts(config: DictConfig, place: Path) -> None:
    """Check that this version can build the parts that the use of a network needs.

    Args:
        config: Config of a run or a bundle, after :func:`checked_parts`.
        place: File of the config, for errors.

    Raises:
        ValueError: If another version wrote it, and this one cannot.
    """
    resize = "data.module.val.transform"
    parts = NETWORK if OmegaConf.select(config, resize) is None else (*NETWORK, resize)
    check_parts(config, place, parts, ("data.num_classes", "data.module.val._target_"))


def built_network(config: DictConfig, tensors: Mapping[str, Tensor], file: str) -> Segmentor:
    """The network of a config with the weights of a file, in evaluation mode on the CPU.

    The teacher is there if the file has its weights.

    Args:
        config: ``model``, ``classifier`` and ``data.num_classes`` are read.
        tensors: Weights by name.
        file: Origin of the weights, for errors.

    Raises:
        ValueError: If they are those of another network.
    """
    network = bare_model(without_published_weights(config))
    teachers = [
        f"{name}.teacher."
        for name, module in network.named_modules()
        if module in with_teacher(network.classifier)
    ]
    if not any(name.startswith(tuple(teachers)) for name in tensors):
        remove_teachers(network.classifier)
    check_fit(network, tensors, file)
    network.load_state_dict(dict(tensors))
    return network.to(memory_format=torch.channels_last).eval()
