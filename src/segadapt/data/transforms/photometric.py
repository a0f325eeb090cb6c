"""The four photometric distortions of the released recipes (spec C.1, step 5)."""

from typing import Any, NamedTuple

import cv2
import numpy as np
from jaxtyping import UInt8

from segadapt.data.files.image_format import Pixels
from segadapt.data.transforms.albumentations_import import albumentations as A

Image = UInt8[np.ndarray, "h w 3"]


class Draws(NamedTuple):
    """Random parameters of one image; None for a distortion that is not applied.

    Attributes:
        brightness: Added to all channels.
        contrast: Factor of all channels.
        contrast_first: Whether contrast comes before saturation and hue, or after them.
        saturation: Factor of the saturation.
        hue: Added to the hue, in units of 2 degrees.
    """

    brightness: float | None
    contrast: float | None
    contrast_first: bool
    saturation: float | None
    hue: int | None


class PhotometricDistortion(A.ImageOnlyTransform):
    """Brightness, contrast, saturation and hue, each with probability one half.

    Images that are not 8-bit RGB have neither saturation nor hue: only brightness and contrast
    vary, on the scale on which white is 255. The draws are the same.
    """

    def __init__(self) -> None:
        super().__init__(p=1)

    def get_params(self) -> dict[str, Any]:
        return {"draws": draw(self.random_generator)}

    def apply(self, img: np.ndarray, draws: Draws, **_: Any) -> Pixels:
        if img.dtype == np.uint8 and img.shape[2] == 3:
            return distorted(img, draws)
        return in_brightness(img, draws)


def draw(generator: np.random.Generator) -> Draws:
    """Five fair coins, and the strengths; always as many numbers, so that none shifts the next."""
    coins = generator.random(5) < 0.5
    brightness, factors = generator.uniform(-32, 32), generator.uniform(0.5, 1.5, 2)
    hue = int(generator.integers(-18, 18))  # 18 itself is never drawn
    return Draws(
        float(brightness) if coins[0] else None,
        float(factors[0]) if coins[1] else None,
        bool(coins[2]),
        float(factors[1]) if coins[3] else None,
        hue if coins[4] else None,
    )


def distorted(image: Image, draws: Draws) -> Image:
    """Apply what was drawn; each step clips to 0..255 and truncates to whole numbers."""
    if draws.brightness is not None:
        image = cv2.LUT(image, _table(1.0, draws.brightness))
    if draws.contrast is not None and draws.contrast_first:
        image = cv2.LUT(image, _table(draws.contrast, 0.0))
    if draws.saturation is not None:
        image = _in_hsv(image, 1, _table(draws.saturation, 0.0))
    if draws.hue is not None:
        turned = (np.arange(256) + draws.hue) % 180
        image = _in_hsv(image, 0, turned.astype(np.uint8))
    if draws.contrast is not None and not draws.contrast_first:
        image = cv2.LUT(image, _table(draws.contrast, 0.0))
    return image


def in_brightness(image: Pixels, draws: Draws) -> Pixels:
    """Apply brightness and contrast alone, to images of any channels and depth.

    Args:
        image: 0 ... 255, or fractions of white.
        draws: What was drawn.
    """
    shift, factor = draws.brightness, draws.contrast
    if image.dtype == np.uint8:
        shifted = image if shift is None else cv2.LUT(image, _table(1.0, shift))
        scaled = shifted if factor is None else cv2.LUT(shifted, _table(factor, 0.0))
        return scaled.reshape(image.shape)  # OpenCV drops the last axis where it has one channel
    if shift is not None:
        image = np.clip(image + np.float32(shift / 255), 0, 1)
    if factor is not None:
        image = np.clip(image * np.float32(factor), 0, 1)
    return image


def _table(factor: float, offset: float) -> UInt8[np.ndarray, "256"]:
    """Distorted values of the 256 grey levels, computed in single precision as released."""
    levels = np.arange(256, dtype=np.float32) * np.float32(factor) + np.float32(offset)
    return levels.clip(0, 255).astype(np.uint8)


def _in_hsv(image: Image, channel: int, table: UInt8[np.ndarray, "256"]) -> Image:
    """Send one channel of hue, saturation, value through a table, and back to RGB."""
    tables = np.tile(np.arange(256, dtype=np.uint8)[:, None], 3)
    tables[:, channel] = table
    hsv = cv2.LUT(cv2.cvtColor(image, cv2.COLOR_RGB2HSV), tables[None])
    return cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)
