"""Images through which an exported file is compared with its network."""

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Final, NamedTuple

import cv2
import numpy as np
from hydra.errors import HydraException
from hydra.utils import instantiate
from jaxtyping import UInt8
from omegaconf.errors import OmegaConfBaseException

from segadapt.deployment.images import read_one
from segadapt.deployment.sources import found_images
from segadapt.deployment.trained_network import TrainedNetwork
from segadapt.functional.normalization import MEAN, STD

NUMBER: Final = 3
"""Of images, each in every size."""

Pixels = UInt8[np.ndarray, "H W 3"]


class TrialImages(NamedTuple):
    """Images, and where they are from."""

    images: list[Pixels]
    origin: str


def trial_images(trained: TrainedNetwork, images: str | None, out: Path) -> TrialImages:
    """Images that were named, or of the run's validation, or drawn, in this order.

    Args:
        trained: The network.
        images: File, folder, glob or list.
        out: What is going to be written.

    Raises:
        ValueError: If what was named has no images.
    """
    if images is not None:
        files = [source.file for source in found_images(images, out)[:NUMBER]]
        return TrialImages([read_one(file).pixels for file in files], f"{len(files)} of {images}")
    try:
        found = list(islice(_validation(trained), NUMBER))
    except (ValueError, OSError, TypeError, HydraException, OmegaConfBaseException) as error:
        reason = str(error).splitlines()[0]
        return TrialImages(_drawn(), f"{NUMBER} drawn at random (no validation images: {reason})")
    return TrialImages(found, f"{len(found)} validation images of {trained.data.name}")


def in_sizes(images: Sequence[Pixels], sizes: Sequence[tuple[int, int]]) -> Iterator[np.ndarray]:
    """Batches of one image, channels first, each image in each size."""
    for image in images:
        for rows, columns in sizes:
            fitted = cv2.resize(image, (columns, rows), interpolation=cv2.INTER_AREA)
            yield np.ascontiguousarray(fitted.transpose(2, 0, 1)[None])


def _validation(trained: TrainedNetwork) -> Iterator[Pixels]:
    """As the data set gives them, turned into 8 bits again."""
    data: Any = instantiate(trained.config.data.module.val)
    for index in range(len(data)):
        planes = data[index].image.permute(1, 2, 0).numpy()
        yield (
            ((planes * np.array(STD, np.float32) + np.array(MEAN, np.float32)) * 255)
            .round()
            .astype(np.uint8)
        )


def _drawn() -> list[Pixels]:
    """Coloured blocks under noise."""
    generator = np.random.default_rng(0)
    blocks = generator.integers(0, 256, (NUMBER, 16, 16, 3)).repeat(32, 1).repeat(32, 2)
    noisy = blocks + generator.normal(0, 12, blocks.shape)
    return list(noisy.clip(0, 255).astype(np.uint8))
