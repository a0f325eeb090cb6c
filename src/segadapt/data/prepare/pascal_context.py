"""PASCAL-Context's annotations as label PNGs.

The annotations of "PASCAL in Detail" are masks of the classes of VOC-Context; 59 of these make up
the benchmark (Mottaghi et al., 2014), numbered 1 to 59 here in the order of their first numbers,
and 0 is everything else. This is what mmsegmentation's converter writes with the ``detail`` tools.
"""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from jaxtyping import UInt8

from segadapt.data.prepare.progress_bars import Bars
from segadapt.data.prepare.recipe import Folder
from segadapt.data.prepare.run_lengths import mask

LABELS: Final = "SegmentationClassContext"
LISTS: Final = "ImageSets/SegmentationContext"

KEPT: Final = (
    *(2, 9, 18, 19, 22, 23, 25, 31, 33, 34, 44, 45, 46, 59, 65, 68, 72, 80, 85, 98),
    *(104, 105, 113, 115, 144, 158, 159, 162, 187, 189, 207, 220, 232, 258, 259, 260, 284, 295),
    *(296, 308, 324, 326, 347, 349, 354, 355, 360, 366, 368, 397, 415, 416, 420, 424, 427, 440),
    *(445, 454, 458),
)
"""VOC-Context's numbers of the 59 classes."""

NUMBERS: Final = {category: number for number, category in enumerate(KEPT, start=1)}
MAX_PIXELS: Final = 64_000_000

Image = Mapping[str, Any]
Annotation = Mapping[str, Any]
Label = UInt8[np.ndarray, "H W"]


def convert(annotations: Path, folders: Sequence[Folder], stage: Path, bars: Bars) -> None:
    """Write a label for each annotated image, and which are for training and for validation.

    Args:
        annotations: ``trainval_merged.json``.
        folders: What is missing; both folders are written in any case.
        stage: Where they are written.
        bars: Show how far it is.

    Raises:
        ValueError: If the file is damaged.
    """
    images, by_image = _read(annotations)
    (stage / LABELS).mkdir(parents=True)
    (stage / LISTS).mkdir(parents=True)
    with bars.counted("write labels", len(images)) as advance:
        for image in images:
            place = stage / LABELS / f"{_name(image, annotations)}.png"
            try:
                painted = label(image, by_image.get(image["image_id"], ()))
            except (ValueError, KeyError, TypeError) as error:
                raise _damaged(annotations, f"image {image['file_name']}: {error!s}") from error
            place.write_bytes(cv2.imencode(".png", painted)[1].tobytes())
            advance(1)
    for phase in ("train", "val"):
        names = sorted(_name(image, annotations) for image in images if image["phase"] == phase)
        (stage / LISTS / f"{phase}.txt").write_text("".join(f"{name}\n" for name in names))


def label(image: Image, annotations: Sequence[Annotation]) -> Label:
    """The label of an image: masks painted in their order in the file, later over earlier.

    Args:
        image: Its entry in the file.
        annotations: Its masks.

    Raises:
        ValueError: If a mask has another size or a class that the benchmark does not know.
    """
    height, width = int(image["height"]), int(image["width"])
    if not 0 < height * width <= MAX_PIXELS:
        raise ValueError(f"size {width} x {height}")
    columns = np.zeros(height * width, np.uint8)
    for annotation in annotations:
        category, segmentation = annotation["category_id"], annotation["segmentation"]
        if category not in NUMBERS:
            raise ValueError(f"class {category}, which is not one of the 59")
        if list(segmentation["size"]) != [height, width]:
            raise ValueError(f"a mask of size {segmentation['size']}")
        columns[mask(segmentation["counts"], height, width)] = NUMBERS[category]
    return np.ascontiguousarray(columns.reshape(width, height).T)


def _read(file: Path) -> tuple[list[Image], dict[Any, list[Annotation]]]:
    """Images, and annotations by image."""
    try:
        content = json.loads(file.read_bytes())
        images = [image for image in content["images"] if image["phase"] in ("train", "val")]
        annotations: dict[Any, list[Annotation]] = {image["image_id"]: [] for image in images}
        for annotation in content["annos_segmentation"]:
            annotations.setdefault(annotation["image_id"], []).append(annotation)
    except (ValueError, KeyError, TypeError) as error:
        raise _damaged(file, f"{type(error).__name__}: {error}") from error
    return images, annotations


def _name(image: Image, file: Path) -> str:
    """Name of an image without its suffix; it becomes the name of a file."""
    match = re.fullmatch(r"(\w+)\.jpg", str(image["file_name"]))
    if match is None:
        raise _damaged(file, f"the name {image['file_name']!r} of an image")
    return match[1]


def _damaged(file: Path, what: str) -> ValueError:
    return ValueError(f"{file} is damaged ({what}); remove it and run the command again")
