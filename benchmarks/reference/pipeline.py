"""The released training pipeline (spec C.1) in the straightforward order, with NumPy and OpenCV.

Decode all of image and label, resize all of both, crop, flip, distort, normalise, pad.
"""

from pathlib import Path
from typing import Final

import cv2
import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor

MEAN: Final = np.array([123.675, 116.28, 103.53], dtype=np.float32)
STD: Final = np.array([58.395, 57.12, 57.375], dtype=np.float32)
IGNORED: Final = 255

Size = tuple[int, int]
Image = UInt8[np.ndarray, "h w 3"]


def loaded(
    image_file: Path, label_file: Path, crop: Size, scale: Size, draw: np.random.Generator
) -> tuple[Float[Tensor, "3 H W"], UInt8[Tensor, "H W"]]:
    """One training sample.

    Args:
        image_file: A JPEG.
        label_file: A PNG of class numbers.
        crop: Height and width of the result, pixels.
        scale: Limits of the sides at ratio 1, pixels.
        draw: Where all randomness comes from.
    """
    image = decoded(image_file, cv2.IMREAD_COLOR)
    label = decoded(label_file, cv2.IMREAD_UNCHANGED)
    size = new_size((image.shape[0], image.shape[1]), scale, draw.uniform(0.5, 2.0))
    image = cv2.resize(image, size[::-1], interpolation=cv2.INTER_LINEAR)
    label = cv2.resize(label, size[::-1], interpolation=cv2.INTER_NEAREST)
    place = corner(label, crop, draw)
    image, label = image[place], label[place]
    if draw.random() < 0.5:
        image, label = cv2.flip(image, 1), cv2.flip(label, 1)
    image = distorted(np.ascontiguousarray(image), draw)
    pixels: np.ndarray = (cv2.cvtColor(image, cv2.COLOR_BGR2RGB).astype(np.float32) - MEAN) / STD
    below, right = crop[0] - label.shape[0], crop[1] - label.shape[1]
    border = (0, below, 0, right, cv2.BORDER_CONSTANT)
    padded = cv2.copyMakeBorder(pixels, *border, value=(0, 0, 0))
    label = cv2.copyMakeBorder(label, *border, value=IGNORED)
    channels_first = np.ascontiguousarray(padded.transpose(2, 0, 1))
    return torch.from_numpy(channels_first), torch.from_numpy(label)


def decoded(file: Path, flags: int) -> np.ndarray:
    """All pixels of a file."""
    pixels = cv2.imread(str(file), flags)
    assert pixels is not None, f"{file} was written by the benchmark"
    return pixels


def new_size(size: Size, scale: Size, ratio: float) -> Size:
    """Height and width that fit into the limits times a ratio, of the same shape."""
    limits = sorted(int(ratio * limit) for limit in scale)
    factor = min(limits[1] / max(size), limits[0] / min(size))
    return int(size[0] * factor + 0.5), int(size[1] * factor + 0.5)


def corner(label: UInt8[np.ndarray, "_ _"], crop: Size, draw: np.random.Generator) -> tuple:
    """Rows and columns of the first of ten crops in which no class has three quarters."""
    for look in range(11):
        top = draw.integers(max(label.shape[0] - crop[0], 0) + 1)
        left = draw.integers(max(label.shape[1] - crop[1], 0) + 1)
        place = slice(top, top + crop[0]), slice(left, left + crop[1])
        if look == 10:
            break
        values, counts = np.unique(label[place], return_counts=True)
        counts = counts[values != IGNORED]
        if len(counts) > 1 and counts.max() < 0.75 * counts.sum():
            break
    return place


def distorted(image: Image, draw: np.random.Generator) -> Image:
    """Brightness, contrast, saturation and hue, each with probability one half."""
    contrast = draw.uniform(0.5, 1.5) if draw.random() < 0.5 else 1.0
    contrast_first = draw.random() < 0.5
    if draw.random() < 0.5:
        image = changed(image, 1.0, draw.uniform(-32, 32))
    if contrast_first:
        image = changed(image, contrast, 0)
    if draw.random() < 0.5:
        hsv = cv2.cvtColor(image, cv2.COLOR_BGR2HSV)
        hsv[..., 1] = changed(hsv[..., 1], draw.uniform(0.5, 1.5), 0)
        image = cv2.cvtColor(hsv, cv2.COLOR_HSV2BGR)
    if draw.random() < 0.5:
        hsv = cv2.cvtColor(image, cv2.COLOR_BGR2HSV)
        hsv[..., 0] = (hsv[..., 0].astype(int) + draw.integers(-18, 18)) % 180
        image = cv2.cvtColor(hsv, cv2.COLOR_HSV2BGR)
    if not contrast_first:
        image = changed(image, contrast, 0)
    return image


def changed(values: UInt8[np.ndarray, "*_"], factor: float, offset: float) -> np.ndarray:
    """Scaled and shifted, clipped to bytes and truncated."""
    if (factor, offset) == (1.0, 0):
        return values
    return (values.astype(np.float32) * factor + offset).clip(0, 255).astype(np.uint8)
