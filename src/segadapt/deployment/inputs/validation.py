"""The validation images of a training, if its data set is on this machine."""

from typing import Any, Final, NamedTuple

import numpy as np
from hydra.errors import HydraException
from jaxtyping import Float
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException
from torch import Tensor

from segadapt.data.dataset import LabelledDataset
from segadapt.deployment.inputs.images import Photograph, Pixels
from segadapt.deployment.loading.trained_network import TrainedNetwork
from segadapt.evaluation.run_data import split_of_run, training_images
from segadapt.functional.normalization import MEAN, STD
from segadapt.runs.built_parts import check_parts
from segadapt.runs.errors import user_message
from segadapt.runs.file_names import CONFIG

UNREADABLE: Final = (ValueError, OSError, HydraException, OmegaConfBaseException)
"""Errors of a data set whose files are missing or cannot be read."""

NOT_IN_BUNDLES: Final = "a bundle does not hold its data set"


class Validation(NamedTuple):
    """The images of a validation set: its files, or images that it composes."""

    data: LabelledDataset

    def __len__(self) -> int:
        # a file that is read by windows is several items of the data set
        return len(self.data.files) or len(self.data)

    def name(self, index: int) -> str:
        """The name of an image's file, or its number."""
        files = self.data.files
        return files[index].image.name if files else f"image {index}"

    def composed(self, index: int) -> Photograph:
        """An image of a data set without files, of 8 bits again."""
        return Photograph(eight_bits(self.data[index].image), self.name(index))


def validation(trained: TrainedNetwork) -> Validation:
    """The validation images of a training.

    Raises:
        ValueError: If they are not here.
    """
    try:
        return Validation(split_to_look_at(trained))
    except UNREADABLE as error:
        raise ValueError(user_message(error)) from error


def split_to_look_at(trained: TrainedNetwork, part: str = "val") -> LabelledDataset:
    """Open a data set of a training, prepared as in evaluation.

    Args:
        trained: The network.
        part: ``val``, or ``train`` for the images that were trained on.

    Raises:
        ValueError: If the network comes from a bundle, or its config from another version.
        HydraException: If the data set refuses its settings, such as a folder that is missing.
    """
    if trained.folder is None:
        raise ValueError(NOT_IN_BUNDLES)
    config = trained.config.data
    if part == "train":
        plain: Any = OmegaConf.to_container(config)
        plain["module"]["val"] = training_images(plain["module"])
        config = OmegaConf.create(plain)
    check_parts(OmegaConf.create({"data": config}), trained.folder / CONFIG, ("data.module.val",))
    try:
        return split_of_run(config, trained.folder)
    except HydraException as error:
        if isinstance(error.__cause__, TypeError):  # a bug, not a data set that is elsewhere
            raise error.__cause__ from error
        raise


def eight_bits(image: Float[Tensor, "3 H W"]) -> Pixels:
    """The 8-bit photograph from a normalised image."""
    planes = image.permute(1, 2, 0).numpy()
    scaled = planes * np.array(STD, np.float32) + np.array(MEAN, np.float32)
    return (scaled * 255).round().clip(0, 255).astype(np.uint8)
