"""Structures passed from the data to the model and the losses.

Shape letters, used across the package:
    b images, c input channels (3, or those of cached features), k classes, d channels, m
    prototypes, n pixels, g oracle groups, h w feature grid (stride 4 unless the decoder says
    otherwise), H W image grid.
"""

from typing import Final, NamedTuple, TypeVar

from jaxtyping import Float, Int, Integer
from torch import Tensor

T = TypeVar("T")

IGNORE: Final = 255
"""The label of pixels that count nowhere where labels have 8 bits: see :func:`ignored_label`."""

NARROW: Final = 254
"""Classes up to which labels travel as uint8."""

MAX_CLASSES: Final = 65_534
"""Classes that labels of 16 bits hold, beside the ignored one and an unknown one."""


def ignored_label(num_classes: int) -> int:
    """The label of pixels that count nowhere: the largest number of the labels' type.

    Labels have 8 bits up to :data:`NARROW` classes and 16 bits above, so that it is outside every
    range of classes. Everything that tells ignored pixels from others asks here.

    Raises:
        ValueError: If there are more classes than labels have numbers.
    """
    if num_classes > MAX_CLASSES:
        raise ValueError(f"{num_classes:,} classes are more than the {MAX_CLASSES:,} that fit")
    return IGNORE if num_classes <= NARROW else 65_535


class Sample(NamedTuple):
    """One image with its label map, as a dataset yields it.

    For training both have the crop's size. For validation the mask keeps the original size, even
    where the recipe resizes the image.
    """

    image: Float[Tensor, "c H W"]
    mask: Integer[Tensor, "_ _"]
    name: str


class Batch(NamedTuple):
    """Samples of equal size, collated."""

    image: Float[Tensor, "b c H W"]
    mask: Integer[Tensor, "b _ _"]
    name: list[str]


class Branch(NamedTuple):
    """One set of class scores for an image, and the prototypes that produced them."""

    logits: Float[Tensor, "b k h w"]
    semantic: Float[Tensor, "b k d"] | None = None
    spatial: Float[Tensor, "b k d"] | None = None


class Assignment(NamedTuple):
    """Assignment of pixels to the prototypes within classes (ProtoSeg, GMMSeg, DNC).

    Those of a class lie side by side: with K of each, prototype m is one of class m // K.
    """

    pixels: Float[Tensor, "n d"]
    logits: Float[Tensor, "n m"]
    """Closeness of each pixel to each prototype."""
    target: Int[Tensor, "n"]
    """The pixel's prototype; -1 where it has no label. (255 may be a prototype.)"""


class Prediction(NamedTuple):
    """All branches of a classifier. Only ``student`` is always present.

    Examples:
        >>> import torch
        >>> from segadapt import Branch, Prediction
        >>> prediction = Prediction(student=Branch(torch.zeros(1, 3, 4, 4)))
        >>> prediction.teacher is None
        True
        >>> prediction.student.logits.argmax(1).shape  # a class for every cell
        torch.Size([1, 4, 4])
    """

    student: Branch
    coarse: Branch | None = None
    teacher: Branch | None = None
    auxiliary: Branch | None = None
    assignment: Assignment | None = None


def require(value: T | None, what: str) -> T:
    """``value``, which only some classifiers provide.

    Raises:
        ValueError: If this one does not.
    """
    if value is None:
        raise ValueError(f"this classifier gives no {what}; choose another loss or classifier")
    return value
