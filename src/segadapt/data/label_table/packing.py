"""Colours as one number each, red in the highest of three bytes."""

import numpy as np
from jaxtyping import Int, UInt8


def packed(colors: UInt8[np.ndarray, "*shape 3"]) -> Int[np.ndarray, "*shape"]:
    """Colours as numbers from 0 to 2^24 - 1, of the type that numpy takes as indices."""
    numbers = colors[..., 0].astype(np.intp)
    numbers <<= 8
    numbers |= colors[..., 1]
    numbers <<= 8
    numbers |= colors[..., 2]
    return numbers


def unpacked(numbers: Int[np.ndarray, "*shape"]) -> UInt8[np.ndarray, "*shape 3"]:
    """Numbers as colours: the inverse."""
    return np.stack([numbers >> 16, numbers >> 8 & 255, numbers & 255], -1).astype(np.uint8)
