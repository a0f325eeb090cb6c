"""Trained networks, loaded from run folders; imports neither Lightning nor a data set."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from hydra.utils import instantiate
from jaxtyping import UInt8
from omegaconf import DictConfig, OmegaConf
from torch import Tensor, nn

from segadapt.data.dataset import LabelledDataset
from segadapt.data.palette import class_colors
from segadapt.evaluation.inference.methods import Inference
from segadapt.evaluation.network import build_model
from segadapt.evaluation.run_data import split_of_run, training_images
from segadapt.runs.built_parts import MEASURED, check_parts
from segadapt.runs.checkpoint import read_stored
from segadapt.runs.config import value_at, with_paths_moved
from segadapt.runs.file_names import CONFIG
from segadapt.runs.origin import RUN
from segadapt.runs.reader import Run
from segadapt.segmentor import Segmentor
from segadapt.structures import Sample
from segadapt.text.borders import figure_names
from segadapt.text.choices import unknown

LONGEST: Final = 20
"""Largest number of characters of a class name in a figure of one column."""


class Weights(NamedTuple):
    """Content of a checkpoint for inference."""

    file: Path
    sha256: str
    """Digest of the bytes from which the tensors were read."""
    step: int
    tensors: dict[str, Tensor]
    run: dict[str, Any] | None
    """Run that wrote it (see :class:`segadapt.runs.origin.Origin`); None if unknown."""


@dataclass(frozen=True)
class Trained:
    """A network with the weights of a checkpoint, in evaluation mode on the CPU."""

    run: Run
    model: Segmentor
    weights: Weights
    data: DictConfig
    """Node ``data`` of the run's config, with the requested split and folder."""

    @property
    def folder(self) -> Path:
        return self.run.folder

    @property
    def config(self) -> DictConfig:
        return self.run.config

    @cached_property
    def dataset(self) -> LabelledDataset:
        """The data set of the split, opened on first access.

        Raises:
            ValueError: As :func:`split_of_run`.
        """
        return split_of_run(self.data, self.folder)

    @cached_property
    def inference(self) -> Inference:
        """The inference of the training's own validation."""
        return instantiate(self.config.inference)

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names in a form that figures can show."""
        return tuple(figure_names(self.dataset.classes, LONGEST))

    @property
    def colors(self) -> UInt8[np.ndarray, "k 3"]:
        return class_colors(len(self.classes), self.dataset.palette)

    def samples(self, number: int) -> list[Sample]:
        """Images evenly spaced over the split, to avoid a biased choice."""
        last = len(self.dataset) - 1
        places = np.linspace(0, last, min(number, last + 1)).round().astype(int)
        return [self.dataset[place] for place in places.tolist()]


def load_trained(run: Run, split: str = "val", root: str | None = None) -> Trained:
    """Load the network of a run.

    Args:
        run: Result of :func:`segadapt.runs.reader.read_run`, which has checked that it may be
            built.
        split: Split of the data set.
        root: Present folder of the data set, or None if it has not moved.

    Raises:
        ValueError: If the weights or the data do not match the run's config.
    """
    check_parts(run.config, run.folder / CONFIG, MEASURED, ("data.num_classes",))
    weights = read_run_weights(run.checkpoint)
    data = measured_data(run.config.data, split, root)
    model = with_weights(build_model(run.config), weights).eval()
    return Trained(run, model, weights, data)


def read_run_weights(file: Path) -> Weights:
    """Read only tensors and numbers from a checkpoint.

    Raises:
        ValueError: If the file is damaged or not a checkpoint.
    """
    content, sha256 = read_stored(file)
    try:
        tensors, step = content["state_dict"], content["global_step"]
    except (KeyError, TypeError) as error:
        raise ValueError(
            f"{file} cannot be read as a checkpoint of a training: it lacks state_dict or "
            "global_step; pass checkpoint=last, checkpoint=best or the file of a checkpoint"
        ) from error
    model = {
        name.removeprefix("model."): value
        for name, value in tensors.items()
        if name.startswith("model.")
    }
    run = content.get(RUN)
    return Weights(file, sha256, step, model, run if isinstance(run, dict) else None)


def with_weights(model: Segmentor, weights: Weights) -> Segmentor:
    """The network with the weights of a checkpoint.

    Raises:
        ValueError: If they belong to another network.
    """
    check_fit(model, weights.tensors, weights.file)
    model.load_state_dict(weights.tensors)
    return model


def check_fit(module: nn.Module, tensors: Mapping[str, Tensor], file: str | Path) -> None:
    """Compare the names and shapes of tensors with those of a module.

    Raises:
        ValueError: If they differ.
    """
    own = {name: tuple(value.shape) for name, value in module.state_dict().items()}
    theirs = {name: tuple(value.shape) for name, value in tensors.items()}
    names = [name for name in own.keys() | theirs.keys() if own.get(name) != theirs.get(name)]
    if names:
        first = min(names)
        raise ValueError(
            f"{file} belongs to another network than the run's config.yaml: {len(names)} weights "
            f"differ, such as {first} ({theirs.get(first, 'absent')} in the file, "
            f"{own.get(first, 'absent')} in the network)"
        )


def measured_data(trained: DictConfig, split: str, root: str | None) -> DictConfig:
    """The data of a training, with another split or in another folder.

    Args:
        trained: ``data`` of the training's config.
        split: Split to measure.
        root: Present folder of the data set, or None if it has not moved.

    Raises:
        ValueError: If the data set has no such split, or no folder.
    """
    data: Any = OmegaConf.to_container(trained)
    if not isinstance(value_at(data, "module.val"), dict) or "name" not in data:
        raise ValueError("the run's config.yaml has no data.name or no data.module.val")
    if root is not None:
        if "root" not in data:
            raise ValueError(f"data set {data['name']} has no folder; remove data.root")
        data = with_paths_moved(data, data["root"], root)
    if split != "val":
        if "split" not in data["module"]["val"]:
            raise ValueError(unknown("split", split, ("val",), f"of data set {data['name']}"))
        if split == value_at(data, "module.train.split"):
            data["module"]["val"] = training_images(data["module"])
        data["module"]["val"]["split"] = split
    return OmegaConf.create(data)
