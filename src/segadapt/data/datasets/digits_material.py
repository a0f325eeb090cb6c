"""The material of the embedded data set, from scikit-learn, in disjoint parts.

1797 handwritten digits of 8 x 8 pixels (Alpaydin and Kaynak, 1998), which follow one another writer
by writer, and two photographs.
"""

from functools import cache
from typing import Final, NamedTuple

import cv2
import numpy as np
from jaxtyping import Float32, Int

SIDE: Final = 40
"""Side of an enlarged digit with its margin, in pixels: 10 x 10 of the original."""

TRAIN_SHARE: Final = 0.8
"""Fraction for training of the digits (the last writers are for val) and of the photographs."""


class Material(NamedTuple):
    """Digits and textures from which the scenes of one split are composed.

    Attributes:
        digits: Ink, 0 to 1, of each digit.
        numbers: Which digit it is.
        photos: Photographs, RGB, 0 to 1.
    """

    digits: Float32[np.ndarray, "n 40 40"]
    numbers: Int[np.ndarray, "n"]
    photos: list[Float32[np.ndarray, "_ _ 3"]]


@cache
def material(split: str) -> Material:
    """The material of "train" or "val", loaded and enlarged once per process."""
    from sklearn.datasets import load_digits, load_sample_images

    source = load_digits()
    first = round(TRAIN_SHARE * len(source.target))
    part = slice(None, first) if split == "train" else slice(first, None)
    digits = np.stack([_enlarged(digit) for digit in source.images[part]])
    photos = [_part(photo, split) / np.float32(255) for photo in load_sample_images().images]
    return Material(digits, source.target[part].astype(np.int64), photos)


def _enlarged(digit: np.ndarray) -> np.ndarray:
    """Cubic interpolation turns the 8 x 8 counts into smooth strokes."""
    padded = np.pad(digit.astype(np.float32) / 16, 1)
    return cv2.resize(padded, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC).clip(0, 1)


def _part(photo: np.ndarray, split: str) -> np.ndarray:
    column = round(TRAIN_SHARE * photo.shape[1])
    return photo[:, :column] if split == "train" else photo[:, column:]
