"""Images of equal size, side by side."""

from collections.abc import Iterable, Iterator
from itertools import groupby, islice
from typing import NamedTuple

from segadapt.deployment.inputs.images import Photograph
from segadapt.deployment.prediction.predictor import Mask


class Item(NamedTuple):
    """An image, and its labels if known."""

    photograph: Photograph
    mask: Mask | None


def batches(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """Neighbours of one size as batches; the order stays.

    Args:
        items: Images, which are taken when a batch is asked for.
        size: Images of a batch at most.

    Raises:
        ValueError: If that is not positive.
    """
    if size < 1:
        raise ValueError(f"batch_size={size} is out of range; choose 1 or more")
    for _, group in groupby(items, lambda item: item.photograph.pixels.shape):
        while batch := list(islice(group, size)):
            yield batch
