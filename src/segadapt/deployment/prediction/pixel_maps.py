"""Maps computed from the scores of each pixel, packed so that one pass yields all of them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Shaped, UInt8
from torch import Tensor

from segadapt.evaluation.inference.methods import Keep
from segadapt.structures import NARROW

Scores = Float[Tensor, "n k r W"]
Map = Shaped[np.ndarray, "*_ H W"]


class Field(NamedTuple):
    """A number for each pixel.

    Args:
        dtype: In which it is kept.
        of: Makes it of scores, which may be probabilities or not.
        per_class: Whether there is one for each class: classes come before columns.
        columns: Its columns, as a slice of all columns.
    """

    dtype: torch.dtype
    of: Callable[[Scores, bool], Tensor]
    per_class: bool = False
    columns: slice = slice(None)


def labels(scores: Scores, probable: bool) -> Shaped[Tensor, "n r W"]:
    """The class with the highest score; the first of equals."""
    return scores.argmax(1)


def confidence(scores: Scores, probable: bool) -> Shaped[Tensor, "n r W"]:
    """The probability of that class."""
    top = scores.amax(1)
    return top if probable else (scores - top[:, None]).exp_().sum(1).reciprocal_()


def entropy(scores: Scores, probable: bool) -> Shaped[Tensor, "n r W"]:
    """Entropy of the probabilities in nats, from 0 (one class) to log K (all equal)."""
    probabilities = scores if probable else scores.softmax(1)
    return torch.special.entr(probabilities).sum(1)


def probabilities(scores: Scores, probable: bool) -> Shaped[Tensor, "n r k W"]:
    """Probabilities of all classes."""
    return (scores if probable else scores.softmax(1)).movedim(1, 2)


def log_mean(scores: Scores, probable: bool) -> Shaped[Tensor, "n r W"]:
    """Log of the mean of the exponentiated scores."""
    return scores.logsumexp(1) - np.log(scores.shape[1])


FIELDS: Final[Mapping[str, Field]] = {
    "labels": Field(torch.uint8, labels),
    "confidence": Field(torch.float16, confidence),
    "entropy": Field(torch.float16, entropy),
    "scores": Field(torch.float16, probabilities, per_class=True),
}
"""Fields of a pixel in each branch; labels of many classes take two bytes."""


def field_of(name: str, num_classes: int) -> Field:
    """The field that stores a value; for classes its type depends on their number."""
    wide = name == "labels" and num_classes > NARROW
    return FIELDS[name]._replace(dtype=torch.uint16) if wide else FIELDS[name]


def probabilities_at(columns: slice) -> Field:
    """The probabilities of all classes at some columns only, to save memory.

    Args:
        columns: Slice of all columns.
    """

    def of(scores: Scores, probable: bool) -> Shaped[Tensor, "n r k _"]:
        return probabilities(scores[..., columns], probable)

    return FIELDS["scores"]._replace(of=of, columns=columns)


def packed(fields: Sequence[Field]) -> Keep:
    """A function that keeps the bytes of all fields of strips of scores, side by side.

    A label takes a byte, while 32 bits for each of several numbers would be more than the image.
    """

    def keep(scores: Scores, probable: bool) -> UInt8[Tensor, "n r _"]:
        parts = [field.of(scores, probable).to(field.dtype).contiguous() for field in fields]
        return torch.cat([part.view(torch.uint8).flatten(2) for part in parts], dim=-1)

    return keep


def unpacked(
    content: UInt8[Tensor, "n H _"], fields: Mapping[str, Field], width: int, classes: int
) -> list[dict[str, Map]]:
    """The fields of each image by name.

    Args:
        content: Bytes of rows from :func:`packed`.
        fields: The packed fields, in the same order.
        width: Columns of the image.
        classes: Number of classes.
    """
    content = content.cpu()
    images: list[dict[str, Map]] = [{} for _ in content]
    start = 0
    for name, field in fields.items():
        columns = len(range(width)[field.columns])
        numbers = columns * classes if field.per_class else columns
        stop = start + numbers * field.dtype.itemsize
        part = content[:, :, start:stop]
        # a copy even of one row, whose slice counts as contiguous where it is not aligned
        values = part.clone(memory_format=torch.contiguous_format).view(field.dtype)
        if field.per_class:
            values = values.unflatten(2, (classes, columns)).movedim(2, 1)
        for image, value in zip(images, values.numpy(), strict=True):
            image[name] = value
        start = stop
    return images
