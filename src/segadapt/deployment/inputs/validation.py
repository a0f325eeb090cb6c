"""The validation images of a training, if its data set is on this machine."""

from typing import NamedTuple

import numpy as np
from hydra.errors import HydraException
from jaxtyping import Float
from omegaconf.errors import OmegaConfBaseException
from torch import Tensor

from segadapt.data.dataset import LabelledDataset
from segadapt.deployment.inputs.images import Photograph, Pixels
from segadapt.deployment.loading.trained_network import TrainedNetwork
from segadapt.evaluation.run_data import split_of_run
from segadapt.functional.normalization import MEAN, STD
from segadapt.runs.errors import user_message

UNREADABLE = (ValueError, OSError, TypeError, HydraException, OmegaConfBaseException)
"""Errors of a data set whose files are missing, or which a bundle describes only in part."""


class Validation(NamedTuple):
    """The images as evaluation sees them, of 8 bits again."""

    data: LabelledDataset

    def __len__(self) -> int:
        return len(self.data)

    def name(self, index: int) -> str:
        """The name of an image's file, or its number."""
        files = self.data.files
        return files[index].image.name if files else f"image {index}"

    def photograph(self, index: int) -> Photograph:
        """One image.

        Raises:
            ValueError: If its files cannot be read.
        """
        return Photograph(eight_bits(self.data[index].image), self.name(index))


def validation(trained: TrainedNetwork) -> Validation:
    """The validation images of a training.

    Raises:
        ValueError: If they are not here.
    """
    try:
        data = split_of_run(trained.config.data, trained.folder)
    except UNREADABLE as error:
        raise ValueError(user_message(error)) from error
    return Validation(data)


def eight_bits(image: Float[Tensor, "3 H W"]) -> Pixels:
    """The 8-bit photograph from a normalised image."""
    planes = image.permute(1, 2, 0).numpy()
    scaled = planes * np.array(STD, np.float32) + np.array(MEAN, np.float32)
    return (scaled * 255).round().clip(0, 255).astype(np.uint8)
