"""Images through which an exported file is compared with its network."""

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Final, NamedTuple

import cv2
import numpy as np
from jaxtyping import UInt8
from omegaconf import OmegaConf

from segadapt.deployment.inputs.images import read_one
from segadapt.deployment.inputs.sources import found_images
from segadapt.deployment.inputs.validation import UNREADABLE, eight_bits, split_to_look_at
from segadapt.deployment.loading.trained_network import TrainedNetwork
from segadapt.runs.errors import user_message

NUMBER: Final = 3
"""Number of images, each in every size."""

CALIBRATION: Final = 32
"""Images of a calibration."""

Pixels = UInt8[np.ndarray, "H W 3"]
Size = tuple[int, int]


class Labelled(NamedTuple):
    """An image and its classes, which may have another size."""

    pixels: Pixels
    mask: UInt8[np.ndarray, "h w"]


class CalibrationImages(NamedTuple):
    """Images, or the reason why there are none."""

    images: list[Pixels]
    lacking: str | None


class TrialImages(NamedTuple):
    """Images, and their origin."""

    images: list[Pixels]
    origin: str


def trial_images(trained: TrainedNetwork, images: str | None, out: Path) -> TrialImages:
    """Images that were named, or of the run's validation, or drawn, in this order.

    Args:
        trained: The network.
        images: File, folder, glob or list.
        out: File to write, which is not one of the images.

    Raises:
        ValueError: If what was named has no images.
    """
    if images is not None:
        files = [source.file for source in found_images(images, out)[:NUMBER]]
        return TrialImages([read_one(file).pixels for file in files], f"{len(files)} of {images}")
    try:
        pixels = [sample.pixels for sample in islice(labelled_images(trained), NUMBER)]
    except UNREADABLE as error:
        lacking = f"no validation images: {reason(error, trained)}{_way_out(trained)}"
        return TrialImages(_drawn(), f"{NUMBER} drawn at random ({lacking})")
    return TrialImages(pixels, f"{len(pixels)} validation images of {trained.data.name}")


def calibration_images(trained: TrainedNetwork, images: str | None, out: Path) -> CalibrationImages:
    """Images from which the ranges of activations are taken.

    Args:
        trained: The network.
        images: File, folder, glob or list; None: training images, without augmentation.
        out: File to write, which is not one of the images.
    """
    if images is not None:
        files = [source.file for source in found_images(images, out)[:CALIBRATION]]
        return CalibrationImages([read_one(file).pixels for file in files], None)
    try:
        samples = list(islice(labelled_images(trained, "train"), CALIBRATION))
    except UNREADABLE as error:
        lacking = f"there are no training images: {reason(error, trained)}{_way_out(trained)}"
        return CalibrationImages([], lacking)
    return CalibrationImages([sample.pixels for sample in samples], None)


def labelled_images(trained: TrainedNetwork, part: str = "val") -> Iterator[Labelled]:
    """Images as evaluation sees them, turned into 8 bits again, with their classes.

    Args:
        trained: The network.
        part: ``val``, or ``train`` for the images that were trained on, prepared as in evaluation.
    """
    data = split_to_look_at(trained, part)
    for index in range(len(data)):
        sample = data[index]
        yield Labelled(eight_bits(sample.image), sample.mask.numpy())


def in_sizes(images: Sequence[Pixels], sizes: Sequence[Size | None]) -> Iterator[np.ndarray]:
    """Batches of one image, channels first, each image in each size."""
    for image in images:
        for size in sizes:
            yield planes(image, size)


def planes(image: Pixels, size: Size | None) -> np.ndarray:
    """A batch of one image, channels first, in a given size or in its own."""
    if size is not None:
        image = cv2.resize(image, size[::-1], interpolation=cv2.INTER_AREA)
    return np.ascontiguousarray(image.transpose(2, 0, 1)[None])


def reason(error: Exception, trained: TrainedNetwork) -> str:
    """The reason why images cannot be read, without the paths of the data set and the run.

    Args:
        error: Raised when opening them, or StopIteration.
        trained: The network.
    """
    if isinstance(error, StopIteration):
        return "the split is empty"
    text = user_message(error)
    root = OmegaConf.select(trained.config.data, "root")
    for place, name in ((root, "data.root"), (trained.folder, "the run's folder")):
        text = text.replace(str(place), name) if place else text
    return text


def _way_out(trained: TrainedNetwork) -> str:
    return "; pass images=PATH" if trained.folder is None else ""


def _drawn() -> list[Pixels]:
    """Coloured blocks under noise."""
    generator = np.random.default_rng(0)
    blocks = generator.integers(0, 256, (NUMBER, 16, 16, 3)).repeat(32, 1).repeat(32, 2)
    noisy = blocks + generator.normal(0, 12, blocks.shape)
    return list(noisy.clip(0, 255).astype(np.uint8))
