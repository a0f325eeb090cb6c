"""The pictures of a photograph that the page shows, as sources of images within it."""

import base64
from typing import Final

import cv2
import numpy as np
from jaxtyping import Bool, Float, Shaped, UInt, UInt8

from segadapt.data.drawing import Picture
from segadapt.data.files.png import with_palette
from segadapt.data.hatching import LEVEL, hatched
from segadapt.deployment.inputs.images import Pixels

SIDE: Final = 1280
"""Pixels of the longer side of a picture at most."""

CHANGED: Final = LEVEL
"""Stripes of changed pixels, as in panels where networks differ."""

STRIPES: Final = 120
"""Stripes along the longer side of a picture."""

SCALE: Final = cv2.COLORMAP_VIRIDIS
"""Colours of 0 ... 1: dark is 0, yellow is 1."""

PALETTE: Final = 256
"""Colours that a palette holds; pictures of more classes are painted, and take more bytes."""


def photograph_source(pixels: Pixels, side: int = SIDE) -> str:
    """A photograph.

    Args:
        pixels: RGB.
        side: Pixels of the longer side at most.
    """
    return _jpeg(_fitted(pixels, cv2.INTER_AREA, side))


def classes_source(labels: UInt[np.ndarray, "H W"], colors: UInt8[np.ndarray, "k 3"]) -> str:
    """A label map in its classes' colours.

    Args:
        labels: Classes.
        colors: RGB colours of the classes.
    """
    fitted = _fitted(labels, cv2.INTER_NEAREST)
    if len(colors) > PALETTE:
        return _source("png", _encoded(".png", colors[fitted][..., ::-1]))
    table = np.zeros((PALETTE, 3), dtype=np.uint8)
    table[: len(colors)] = colors
    content = _encoded(".png", fitted.astype(np.uint8))
    return _source("png", with_palette(content, table.tobytes()))


def changed_source(changed: Bool[np.ndarray, "H W"]) -> str:
    """Changed pixels under stripes, which no class has; all others are transparent."""
    opacity = _fitted(changed.astype(np.uint8) * 255, cv2.INTER_NEAREST)
    stripes = hatched(opacity.shape, CHANGED, max(opacity.shape) / STRIPES)
    return _source("png", _encoded(".png", np.dstack([stripes[..., ::-1], opacity])))


def confidence_source(confidence: Float[np.ndarray, "H W"]) -> str:
    """Probabilities in the colours of the scale."""
    levels = (confidence.astype(np.float32) * 255).round().clip(0, 255).astype(np.uint8)
    return _jpeg(cv2.applyColorMap(_fitted(levels, cv2.INTER_NEAREST), SCALE)[..., ::-1])


def scale_colors(number: int = 9) -> list[str]:
    """Colours of the scale from 0 to 1, as style sheets write them.

    Args:
        number: Number of colours.
    """
    levels = np.linspace(0, 255, number).round().astype(np.uint8)[None]
    return [css_color(color) for color in cv2.applyColorMap(levels, SCALE)[0, :, ::-1]]


def css_color(color: UInt8[np.ndarray, "3"]) -> str:
    """A colour as style sheets write it."""
    red, green, blue = color.tolist()
    return f"rgb({red}, {green}, {blue})"


def _fitted(
    pixels: Shaped[np.ndarray, "H W *_"], interpolation: int, side: int = SIDE
) -> np.ndarray:
    scale = min(side / max(pixels.shape[:2]), 1)
    height, width = (max(round(length * scale), 1) for length in pixels.shape[:2])
    return cv2.resize(pixels, (width, height), interpolation=interpolation)


def _jpeg(picture: Picture) -> str:
    return _source("jpeg", _encoded(".jpg", picture[..., ::-1]))


def _encoded(suffix: str, pixels: np.ndarray) -> bytes:
    done, content = cv2.imencode(suffix, np.ascontiguousarray(pixels))
    assert done
    return content.tobytes()


def _source(kind: str, content: bytes) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"
