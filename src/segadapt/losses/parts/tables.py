"""Pixel losses as tables of images and classes, from which kernels compute them.

The slope of such a loss at a pixel of image b with label y, by its score z of class k, is

    weights[b, y] (softmax(z)[k] - [k = y]) + (constant[b, k] + linear[b, k] q - own[b, k] [k = y])
    q (1 - q),   q = sigmoid(z[k])

Both parts are linear in the tables, so the tables of several losses are added.
"""

from collections.abc import Callable
from typing import NamedTuple

from jaxtyping import Float
from torch import Tensor


class SigmoidSums(NamedTuple):
    """Sums over the pixels of each image."""

    plain: Float[Tensor, "b k"]
    """Sum of q."""
    squares: Float[Tensor, "b k"]
    """Sum of q squared."""
    overlap: Float[Tensor, "b k"]
    """Sum of q over the pixels with this label."""


class SigmoidPart(NamedTuple):
    """The part of a loss that is a function of :class:`SigmoidSums`."""

    value: Float[Tensor, ""]
    slopes: Float[Tensor, "b 3 k"]
    """Coefficients ``constant``, ``linear`` and ``own``."""


class Tables(NamedTuple):
    """A pixel loss of a batch; None for a part that it lacks."""

    weights: Float[Tensor, "b k"] | None = None
    """Weight of a pixel by its label in the cross-entropy; all other labels have weight 0."""
    of_sums: Callable[[SigmoidSums], SigmoidPart] | None = None
