"""Images, label maps and errors side by side, as one picture."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from jaxtyping import Integer, UInt8
from torch import Tensor

from segadapt.data.files.image_format import Pixels
from segadapt.data.hatching import LEVEL, hatched, mark
from segadapt.data.palette import ignored_color
from segadapt.data.transforms.normalization import Statistics, denormalised, stretched
from segadapt.files import replacing
from segadapt.structures import ignored_label
from segadapt.text.borders import opencv_text

Picture = UInt8[np.ndarray, "_ _ 3"]

Color = Sequence[int] | UInt8[np.ndarray, "3"] | UInt8[np.ndarray, "_ _ 3"]
"""RGB, or a picture of the size of a swatch."""

SWATCH = (12, 20)
"""Rows and columns of a colour in a legend."""

WRONG, RIGHT = LEVEL, (225, 225, 225)
TILE, LINE, GAP, STRIPE = 240, 22, 6, 3
"""Longer side of an image, height of a text line, gap between images, and stripe, in pixels."""

FONT = cv2.FONT_HERSHEY_SIMPLEX

LONGEST = 300
"""Characters of a line, which is cut at its width."""


class LabelledImage(NamedTuple):
    """One image and its label maps by title; errors are those of the last against the first."""

    name: str
    image: Picture
    maps: Mapping[str, Integer[np.ndarray, "H W"]]


def painted(labels: Integer[np.ndarray, "H W"], colors: UInt8[np.ndarray, "k 3"]) -> Picture:
    """A label map in its classes' colours; ignored pixels have one that no class has."""
    table = np.full((ignored_label(len(colors)) + 1, 3), ignored_color(colors), dtype=np.uint8)
    table[: len(colors)] = colors
    return table[labels]


def errors(
    prediction: Integer[np.ndarray, "H W"],
    label: Integer[np.ndarray, "H W"],
    colors: UInt8[np.ndarray, "k 3"],
) -> Picture:
    """Errors of a prediction striped, correct pixels in grey, ignored in an unused colour."""
    picture = np.full((*label.shape, 3), RIGHT, dtype=np.uint8)
    mark(picture, prediction != label, WRONG, STRIPE * max(label.shape) / TILE)
    picture[label == ignored_label(len(colors))] = ignored_color(colors)
    return picture


def panel(
    rows: Sequence[LabelledImage], classes: Sequence[str], colors: UInt8[np.ndarray, "k 3"]
) -> Picture:
    """Rows of images with titles, above a legend of classes and errors.

    Args:
        rows: Images with the same titles.
        classes: Class names in order.
        colors: Their colours, RGB.
    """
    strips = [np.concatenate([_text(title, TILE + GAP) for title in _titles(rows[0])], axis=1)]
    for row in rows:
        tiles = [_tile(row.image, cv2.INTER_AREA)]
        tiles += [_tile(image, cv2.INTER_NEAREST) for image in _label_maps(row, colors)]
        strips.append(np.concatenate(tiles, axis=1))
        strips.append(_text(_caption(row, len(classes)), strips[0].shape[1]))
    shown = occurring([labels for row in rows for labels in row.maps.values()])
    legend = [_entry(classes[k], colors[k]) for k in shown if k < len(classes)]
    marks = [
        _entry("errors: wrong", hatched(SWATCH, WRONG, STRIPE)),
        _entry("errors: right", RIGHT),
    ]
    if ignored_label(len(classes)) in shown:
        marks.append(_entry("ignored", ignored_color(colors)))
    width = strips[0].shape[1]
    return np.concatenate([*strips, *_lines(legend, width), *_lines(marks, width)])


def legend(entries: Sequence[tuple[str, Color]], width: int) -> Picture:
    """A legend of colours, set in lines of a given width.

    Args:
        entries: Names, and their colours or pictures.
        width: Pixels.
    """
    return np.concatenate(_lines([_entry(name, color) for name, color in entries], width))


def caption(text: str, width: int) -> Picture:
    """A line of text, cut at a width in pixels."""
    return _text(text, width)


def occurring(maps: Sequence[Integer[np.ndarray, "_ _"]]) -> list[int]:
    """The labels that occur in any of some maps, in order; the ignored one is the last."""
    return sorted(set().union(*(np.unique(labels).tolist() for labels in maps)))


def save(file: Path, picture: Picture) -> None:
    """Write a PNG.

    Raises:
        OSError: If it cannot be written.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    done, content = cv2.imencode(".png", picture[..., ::-1])
    assert done
    try:
        with replacing(file) as opened:  # OpenCV opens no path that is not UTF-8
            opened.write(content.tobytes())
    except OSError as error:
        raise OSError(f"{file} could not be written: {error.strerror}") from error


def _titles(row: LabelledImage) -> list[str]:
    return ["image", *row.maps, "errors"]


def _label_maps(row: LabelledImage, colors: UInt8[np.ndarray, "k 3"]) -> list[Picture]:
    maps = list(row.maps.values())
    wrong = errors(maps[-1], maps[0], colors)
    return [*(painted(labels, colors) for labels in maps), wrong]


def _caption(row: LabelledImage, num_classes: int) -> str:
    label, *predictions = row.maps.values()
    valid = label != ignored_label(num_classes)
    right = [
        f"{title} {100 * (prediction == label)[valid].mean() if valid.any() else 0:.1f} %"
        for title, prediction in zip(list(row.maps)[1:], predictions, strict=True)
    ]
    return f"{opencv_text(row.name, 60)}: right pixels {', '.join(right)}"


def _tile(image: Picture, interpolation: int) -> Picture:
    """The image at its size in the panel; labels take the nearest pixel, to keep their colours."""
    scale = TILE / max(image.shape[:2])
    height, width = (max(round(side * scale), 1) for side in image.shape[:2])
    tile = np.full((height + GAP, TILE + GAP, 3), 255, dtype=np.uint8)
    tile[:height, :width] = cv2.resize(image, (width, height), interpolation=interpolation)
    return tile


def _blank(width: int) -> Picture:
    return np.full((LINE, width, 3), 255, dtype=np.uint8)


def _text(text: str, width: int) -> Picture:
    strip = _blank(width)
    cv2.putText(
        strip, opencv_text(text, LONGEST), (2, LINE - 7), FONT, 0.45, (0, 0, 0), 1, cv2.LINE_AA
    )
    return strip


def _entry(name: str, color: Color) -> Picture:
    """A line of the legend: a colour and its name."""
    swatch = _blank(26)
    swatch[5 : 5 + SWATCH[0], 4 : 4 + SWATCH[1]] = color
    text = opencv_text(name)
    (width, _), _ = cv2.getTextSize(text, FONT, 0.45, 1)
    return np.concatenate([swatch, _text(text, width + 16)], axis=1)


def _lines(entries: Sequence[Picture], width: int) -> list[Picture]:
    """Entries set in lines of ``width``."""
    lines, left = [_blank(width)], 0
    for entry in entries:
        if left and left + entry.shape[1] > width:
            lines.append(_blank(width))
            left = 0
        shown = entry[:, : width - left]
        lines[-1][:, left : left + shown.shape[1]] = shown
        left += shown.shape[1]
    return lines


def viewable(image: Pixels) -> Picture:
    """An image of any channels and depth as 8-bit RGB: three channels, or the first as grey."""
    if image.dtype == np.uint8 and image.shape[2] == 3:
        return image
    if image.shape[2] == 3:
        return (image * 255).round().astype(np.uint8)
    return np.repeat(stretched(image[..., 0])[..., None], 3, axis=2)


def shown(image: Tensor, size: tuple[int, ...], statistics: Statistics) -> Picture:
    """A network input as it looks, at the size of its label map.

    Args:
        image: Network input.
        size: Rows and columns of the label map.
        statistics: Those by which the data set normalised the image.
    """
    return cv2.resize(denormalised(image.cpu().numpy(), statistics), (size[1], size[0]))
