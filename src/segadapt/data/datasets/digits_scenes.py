"""Scenes: one writer's digits on a photograph, in one ink, under one light.

What differs from scene to scene (writer, slant, stroke, ink, light) is the same within a scene. A
classifier that adapts to the image can use that; one with fixed weights cannot.
"""

import math
from typing import Final, NamedTuple

import cv2
import numpy as np
from jaxtyping import Float, Float32, Int, UInt8

from segadapt.data.datasets.digits_material import SIDE, Material
from segadapt.structures import IGNORE

Picture = Float32[np.ndarray, "H W 3"]
Mask = UInt8[np.ndarray, "H W"]

WRITER: Final = 90
"""Number of consecutive digits that are mostly by the same writer."""

VOCABULARY: Final = 4
"""Number of the ten digits that occur in a scene."""

CELL: Final = 32
"""Side of the cells in which digits are placed, in pixels; digits may reach beyond."""


class Hand(NamedTuple):
    """Properties that all digits of a scene share.

    Attributes:
        level: Ink above which a pixel is stroke; low is bold.
        slant: Shear, pixels per pixel.
        turn: Rotation, radians.
        ink: RGB, 0 to 1.
    """

    level: float
    slant: float
    turn: float
    ink: Float32[np.ndarray, "3"]


def scene(
    material: Material, size: int, difficulty: float, generator: np.random.Generator
) -> tuple[Picture, Mask]:
    """An image, RGB around 0 to 1, and its classes: 0 background, 1 ... 10 the digits 0 ... 9.

    Args:
        material: Digits and photographs.
        size: Height and width, pixels.
        difficulty: 0 (easy) to 1 (less contrast; more texture, noise and scribbles).
        generator: Where all randomness comes from.
    """
    picture = _background(material, size, difficulty, generator)
    mask = np.zeros((size, size), dtype=np.uint8)
    hand = _hand(picture, difficulty, generator)
    for _ in range(generator.integers(1 + round(6 * difficulty))):
        _scribble(picture, hand, generator)
    start = generator.integers(len(material.numbers) - WRITER)
    written = material.numbers[start : start + WRITER]
    vocabulary = generator.permutation(10)[:VOCABULARY]
    cells = generator.permutation((size // CELL) ** 2)
    for cell in cells[: generator.integers(len(cells) // 2, len(cells) + 1)]:
        number = int(vocabulary[generator.integers(VOCABULARY)])
        choices = np.flatnonzero(written == number)
        digit = material.digits[start + choices[generator.integers(len(choices))]]
        corner = np.array(divmod(cell, size // CELL)) * CELL + generator.integers(-6, 7, 2)
        _write(picture, mask, digit, number + 1, hand, corner, int(generator.integers(24, 37)))
    picture *= _light(size, generator)
    picture += (0.06 * difficulty) * generator.standard_normal(picture.shape, dtype=np.float32)
    return picture, mask


def _background(
    material: Material, size: int, difficulty: float, generator: np.random.Generator
) -> Picture:
    """A part of a photograph at a random scale and tint, with weakened texture."""
    photo = material.photos[generator.integers(len(material.photos))]
    side = int(generator.integers(size // 2, min(photo.shape[:2]) + 1))
    top, left = (int(generator.integers(free - side + 1)) for free in photo.shape[:2])
    piece = photo[top : top + side, left : left + side]
    piece = cv2.resize(piece, (size, size), interpolation=cv2.INTER_AREA)
    mean = _mean(piece)
    tint = (mean + generator.uniform(-0.2, 0.2, 3)).clip(0.1, 0.9)
    strength = 0.2 + 0.8 * difficulty
    return piece * np.float32(strength) + (tint - strength * mean).astype(np.float32)


def _hand(picture: Picture, difficulty: float, generator: np.random.Generator) -> Hand:
    """Ink of any hue, darker or lighter than the background's mean, wherever there is room."""
    paper = _mean(picture)
    contrast = generator.uniform(0.55 - 0.35 * difficulty, 0.8)
    darker = generator.random() < 0.5
    if (paper.mean() if darker else 1 - paper.mean()) < 0.3:
        darker = not darker
    ink = paper + (-contrast if darker else contrast) + generator.uniform(-0.2, 0.2, 3)
    return Hand(
        level=generator.uniform(0.25, 0.6),
        slant=generator.uniform(-0.35, 0.35),
        turn=generator.uniform(-0.3, 0.3) * difficulty,
        ink=ink.clip(0, 1).astype(np.float32),
    )


def _write(
    picture: Picture,
    mask: Mask,
    digit: Float32[np.ndarray, "s s"],
    number: int,
    hand: Hand,
    corner: Int[np.ndarray, "2"],
    side: int,
) -> None:
    """Draw one digit over the scene; pixels on the edge of its strokes are ignored."""
    top, left = np.clip(corner, 0, picture.shape[0] - side)
    ink = cv2.warpAffine(digit, _placement(hand, side), (side, side), flags=cv2.INTER_LINEAR)
    cover = ((ink - hand.level) * 5 + 0.5).clip(0, 1)
    window = slice(top, top + side), slice(left, left + side)
    picture[window] += cover[..., None] * (hand.ink - picture[window])
    mask[window][cover > 0.05] = IGNORE
    mask[window][cover > 0.5] = number


def _placement(hand: Hand, side: int) -> Float[np.ndarray, "2 3"]:
    """The affine map that scales, slants and turns a digit about its middle."""
    cos, sin = math.cos(hand.turn), math.sin(hand.turn)
    xx, xy = cos, -hand.slant * cos - sin
    yx, yy = sin, -hand.slant * sin + cos
    scale = side / SIDE
    shift_x, shift_y = side / 2 * (1 - xx - xy), side / 2 * (1 - yx - yy)
    return np.array([[scale * xx, scale * xy, shift_x], [scale * yx, scale * yy, shift_y]])


def _scribble(picture: Picture, hand: Hand, generator: np.random.Generator) -> None:
    """An arc in the same ink that is not a digit."""
    size = picture.shape[0]
    center, axes = generator.integers(0, size, 2), generator.integers(8, 40, 2)
    angle, start, length = generator.uniform((0, 0, 30), (360, 360, 100))
    thickness = int(generator.integers(2, 4))
    cv2.ellipse(
        picture,
        (int(center[0]), int(center[1])),
        (int(axes[0]), int(axes[1])),
        angle,
        start,
        start + length,
        hand.ink.tolist(),
        thickness,
        cv2.LINE_AA,
    )


def _light(size: int, generator: np.random.Generator) -> Picture:
    """Coloured light that decreases in one direction."""
    angle, fall = generator.uniform((0, 0.0), (2 * np.pi, 0.6))
    color = generator.uniform(0.7, 1.1, 3).astype(np.float32)
    ramp = np.linspace(-fall / 2, fall / 2, size, dtype=np.float32)
    slope = np.float32(math.cos(angle)) * ramp + np.float32(math.sin(angle)) * ramp[:, None]
    return color * (1 + slope)[..., None]


def _mean(picture: Picture) -> Float[np.ndarray, "3"]:
    return np.array(cv2.mean(picture)[:3])
