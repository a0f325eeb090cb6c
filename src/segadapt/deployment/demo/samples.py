"""Photographs that the page offers: named ones, or those of a validation set."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

from segadapt.deployment.inputs.images import Photograph, read_one
from segadapt.deployment.inputs.sources import found_images
from segadapt.deployment.inputs.validation import Validation, validation
from segadapt.deployment.prediction_files.work import Network


class Sample(NamedTuple):
    """A photograph that is read when it is chosen."""

    name: str
    read: Callable[[], Photograph]


class Samples(NamedTuple):
    """Photographs to choose from, and their origin."""

    items: list[Sample]
    origin: str


def offered_samples(
    networks: Sequence[Network], images: str | None, number: int, max_pixels: int
) -> Samples:
    """The photographs that were named, or those of the first validation set that is here.

    Args:
        networks: Whose validation sets are looked for.
        images: File, folder, glob or list; None for a validation set.
        number: Largest number of photographs; they are spread over all.
        max_pixels: Larger ones are refused when they are chosen.

    Raises:
        ValueError: If what was named has no images.
    """
    if images is not None:
        files = [source.file for source in found_images(images)]
        chosen = [files[index] for index in spread(len(files), number)]
        return Samples(
            [Sample(file.name, partial(read_one, file, max_pixels)) for file in chosen],
            f"{len(chosen)} of {images}",
        )
    reasons = []
    for network in networks:
        trained = network.model.trained
        try:
            data = validation(trained)
        except ValueError as error:
            reasons.append(str(error))
            continue
        items = [_sample(data, index, max_pixels) for index in spread(len(data), number)]
        return Samples(items, f"{len(items)} validation images of {trained.data.name}")
    return Samples([], f"none ({reasons[0]}); name some with images=PATH")


def _sample(images: Validation, index: int, max_pixels: int) -> Sample:
    """An image in its original size, not resized for evaluation, or a composed image."""
    if not images.data.files:
        return Sample(images.name(index), partial(images.composed, index))
    file = images.data.files[index].image
    return Sample(file.name, partial(read_one, file, max_pixels))


def spread(length: int, number: int) -> list[int]:
    """Places that are spread evenly over a list.

    Args:
        length: Length of the list.
        number: Largest number of places.
    """
    chosen = min(length, number)
    return [index * length // chosen for index in range(chosen)]
