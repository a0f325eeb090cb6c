"""A training as figures need it: its network, and the images that it is looked at with."""

from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from hydra.utils import instantiate
from jaxtyping import UInt8
from omegaconf import DictConfig

from segadapt.data.dataset import Labelled
from segadapt.data.palette import class_colors
from segadapt.evaluation.inference.methods import Inference
from segadapt.evaluation.subject import measured_data
from segadapt.evaluation.trained import read_weights, with_weights
from segadapt.runs.reader import read_run
from segadapt.runs.trust import Check
from segadapt.segmentor import Segmentor
from segadapt.structures import Sample
from segadapt.text.borders import figure_names

LONGEST: Final = 20
"""Characters of a class name in a figure that is one column wide."""


class Trained(NamedTuple):
    """A network with the weights of a checkpoint, in evaluation mode on the CPU."""

    folder: Path
    config: DictConfig
    model: Segmentor
    inference: Inference
    dataset: Labelled
    """The validation images."""

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names as figures can show them."""
        return tuple(figure_names(self.dataset.classes, LONGEST))

    @property
    def colors(self) -> UInt8[np.ndarray, "k 3"]:
        return class_colors(len(self.classes), self.dataset.palette)

    def samples(self, number: int) -> list[Sample]:
        """Images evenly spaced over the validation set, so that nobody picks the good ones."""
        last = len(self.dataset) - 1
        places = np.linspace(0, last, min(number, last + 1)).round().astype(int)
        return [self.dataset[place] for place in places.tolist()]


def read_trained(
    folder: Path,
    build_model: Callable[[DictConfig], Segmentor],
    check: Check,
    checkpoint: str = "last",
    root: str | None = None,
) -> Trained:
    """Read a run folder.

    Args:
        folder: Run folder.
        build_model: Makes the network from a training's config.
        check: Looks at the unresolved config, of which a network is built.
        checkpoint: ``last``, ``best`` or a file.
        root: Folder of the data set now, or None where it has not moved.

    Raises:
        ValueError: If there is no such run or checkpoint, or it is not to be trusted.
    """
    run = read_run(str(folder), checkpoint, check)
    weights = read_weights(run.checkpoint)
    model = with_weights(build_model(run.config), weights).eval()
    data = measured_data(run.config.data, "val", root)
    inference = instantiate(run.config.inference)
    return Trained(run.folder, run.config, model, inference, instantiate(data.module.val))
