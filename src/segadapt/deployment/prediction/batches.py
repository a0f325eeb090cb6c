"""Images to predict, with their labels; those of equal size side by side."""

from collections.abc import Iterable, Iterator, Sized
from itertools import groupby, islice, zip_longest
from numbers import Integral
from os import PathLike
from typing import Any, Final, NamedTuple

import numpy as np
from torch import Tensor

from segadapt.deployment.inputs.images import ImageSource, Photograph, read_one
from segadapt.deployment.inputs.masks import read_mask
from segadapt.deployment.loading.data_facts import DataFacts
from segadapt.deployment.prediction.predictor import Mask

ONE_EACH: Final = "pass one label for each image"


class Item(NamedTuple):
    """An image, and its labels if known."""

    photograph: Photograph
    mask: Mask | None


def check_counts(**counts: object) -> None:
    """Check numbers of things, by the names of their options.

    Raises:
        ValueError: If one is not a positive integer.
    """
    for key, value in counts.items():
        if not isinstance(value, Integral) or isinstance(value, bool) or value < 1:
            raise ValueError(f"{key}={value!r} is out of range; choose an integer >= 1")


def check_labels(images: object, labels: object) -> None:
    """Check that there is a label for each image, as far as both can be counted.

    Args:
        images: Several images.
        labels: Their labels; None if there are none.

    Raises:
        ValueError: If it is one label rather than several, or their numbers differ.
    """
    if labels is None:
        return
    is_map = isinstance(labels, np.ndarray | Tensor) and labels.ndim < 3
    if is_map or isinstance(labels, str | PathLike) or not isinstance(labels, Iterable):
        raise ValueError(f"labels= is not a list, but there are several images; {ONE_EACH}")
    if isinstance(images, Sized) and isinstance(labels, Sized) and len(images) != len(labels):
        raise ValueError(
            f"{_counted(len(labels), 'label')} for {_counted(len(images), 'image')}; {ONE_EACH}"
        )


def read_items(
    sources: Iterable[ImageSource], labels: Iterable[Any] | None, data: DataFacts, max_pixels: int
) -> Iterator[Item]:
    """Images with their labels, each read when it is asked for.

    Args:
        sources: The images.
        labels: A label for each of them; None if there are none.
        data: Format of the images, and meaning of the numbers in label files.
        max_pixels: Larger images are refused.

    Raises:
        ValueError: If one cannot be read, or there are more images than labels or labels than
            images.
    """
    if labels is None:
        for source in sources:
            yield Item(read_one(source, max_pixels, data.form), None)
        return
    end: Any = object()
    for number, (source, label) in enumerate(zip_longest(sources, labels, fillvalue=end)):
        if label is end:
            raise ValueError(f"{_counted(number, 'label')} for more images; {ONE_EACH}")
        if source is end:
            raise ValueError(f"{_counted(number, 'image')}, but more labels; {ONE_EACH}")
        photograph = read_one(source, max_pixels, data.form)
        yield Item(photograph, read_mask(label, data.labels, photograph, max_pixels))


def _counted(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"


def batches(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """Neighbours of one size as batches; the order stays.

    Args:
        items: Images, which are taken when a batch is asked for.
        size: Images of a batch at most.

    Raises:
        ValueError: If that is not a positive integer.
    """
    check_counts(batch_size=size)
    for _, group in groupby(items, lambda item: item.photograph.pixels.shape):
        while batch := list(islice(group, size)):
            yield batch
