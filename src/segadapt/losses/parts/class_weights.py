"""Class weights from the number of pixels of each class in the training labels."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import numpy as np
from jaxtyping import Float, Num

NONE: Final = "none"

Rule = Callable[[Num[np.ndarray, "k"], float | None], Float[np.ndarray, "k"]]


def class_weights(rule: str, pixels: Sequence[int], beta: float | None = None) -> list[float]:
    """Factors of the classes in cross-entropy, with mean 1 over the classes with pixels.

    With n pixels of a class, a factor is proportional to 1 / n (``inverse``), to 1 / sqrt(n)
    (``sqrt_inverse``), or to (1 - beta) / (1 - beta^n) (``effective``: Cui et al., Class-Balanced
    Loss Based on Effective Number of Samples, CVPR 2019). A class without pixels gets 1, which has
    no effect, because no training label has this class.

    Args:
        rule: One of ``CLASS_WEIGHTS``.
        pixels: Number of pixels of each class.
        beta: Parameter of ``effective``, 0 <= beta < 1; None for 1 - 1 / N, where N is the mean
            number of pixels over the classes with pixels, so that the factors do not depend on the
            size of the data set.

    Raises:
        ValueError: If no class has a pixel.
    """
    counts = np.asarray(pixels, dtype=np.float64)
    seen = counts > 0
    if not seen.any():
        raise ValueError("no class has a pixel in the training labels; correct the labels")
    weights = np.ones(len(counts))
    if rule != NONE:
        raw = CLASS_WEIGHTS[rule](counts[seen], beta)
        weights[seen] = raw / raw.mean()
    return weights.tolist()


def _constant(pixels: Num[np.ndarray, "k"], beta: float | None) -> Float[np.ndarray, "k"]:
    return np.ones(len(pixels))


def _inverse(pixels: Num[np.ndarray, "k"], beta: float | None) -> Float[np.ndarray, "k"]:
    return 1 / pixels


def _sqrt_inverse(pixels: Num[np.ndarray, "k"], beta: float | None) -> Float[np.ndarray, "k"]:
    return 1 / np.sqrt(pixels)


def _effective(pixels: Num[np.ndarray, "k"], beta: float | None) -> Float[np.ndarray, "k"]:
    """1 / E_n up to a constant factor; 1 - beta^n is computed by expm1, as beta is close to 1."""
    left = 1 / pixels.mean() if beta is None else 1 - beta
    with np.errstate(divide="ignore"):  # log 0 for beta = 0: every class has one effective sample
        return -1 / np.expm1(pixels * np.log1p(-left))


CLASS_WEIGHTS: Final[Mapping[str, Rule]] = {
    NONE: _constant,
    "inverse": _inverse,
    "sqrt_inverse": _sqrt_inverse,
    "effective": _effective,
}
"""Rules of ``loss.class_weight``."""
