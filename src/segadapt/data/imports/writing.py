"""One picture of an import: its image and its label as files."""

import hashlib
import os
import shutil
from pathlib import Path, PurePosixPath

import cv2
import numpy as np

from segadapt.data.files.decode import check_limit
from segadapt.data.files.image_headers import Head
from segadapt.data.files.orientation import check_upright
from segadapt.data.imports.pictures import VOID, Drawn, Picture
from segadapt.data.imports.record import Written
from segadapt.data.imports.shapes import Size
from segadapt.files import NO_LINKS
from segadapt.structures import IGNORE, NARROW


def write_picture(picture: Picture, folder: Path, num_classes: int, max_pixels: int) -> Written:
    """Write an image and its label.

    Args:
        picture: What to write.
        folder: Of the split.
        num_classes: Number of classes.
        max_pixels: Larger images are refused.

    Raises:
        ValueError: If the image is missing, too large or of another size, or an annotation cannot
            be drawn.
        OSError: If a file cannot be written.
    """
    size = _image_size(picture, max_pixels)
    drawn = picture.painter.label(size)
    content = encoded(drawn, num_classes)
    label = PurePosixPath(picture.name).with_suffix(".png").as_posix()
    image_file, label_file = folder / "images" / picture.name, folder / "labels" / label
    for file in (image_file, label_file):
        file.parent.mkdir(parents=True, exist_ok=True)
    _link(picture.image, image_file)
    label_file.write_bytes(content)
    length, digest = image_file.stat().st_size, hashlib.sha256(content).hexdigest()
    return Written(picture.name, length, label, digest, float((drawn == VOID).mean()))


def encoded(label: Drawn, num_classes: int) -> bytes:
    """A label as a grey PNG of 8 bits, or of 16 for many classes.

    Args:
        label: Classes, and ``VOID`` for what is ignored, which becomes the largest number.
        num_classes: Number of classes.
    """
    if num_classes <= NARROW:
        label = np.where(label == VOID, IGNORE, label).astype(np.uint8)
    done, content = cv2.imencode(".png", label)
    assert done, "OpenCV writes PNGs of any size"
    return content.tobytes()


def _image_size(picture: Picture, max_pixels: int) -> Size:
    """Height and width, as the annotations and the image's header agree.

    Raises:
        ValueError: If they do not, the image is missing, too large, or turned by EXIF.
    """
    if picture.size is not None:
        check_limit(picture.size, picture.image, max_pixels, "max_pixels")
    if not picture.image.is_file():
        raise ValueError(
            f"{picture.where}: image {picture.image} does not exist; correct images=FOLDER"
        )
    head = Head(picture.image)
    size = head.size()
    check_upright(head.data, str(picture.image))
    check_limit(size, picture.image, max_pixels, "max_pixels")
    if picture.size not in (None, size):
        stated = picture.size or size
        raise ValueError(
            f"{picture.where}: annotated on {stated[0]} x {stated[1]} pixels, but the image "
            f"{picture.image} has {size[0]} x {size[1]}; give the images that were annotated"
        )
    return size


def _link(source: Path, place: Path) -> None:
    """Another name of a file, or a copy where links do not exist."""
    try:
        os.link(source.resolve(), place)
    except OSError as error:
        if error.errno not in NO_LINKS:
            raise
        shutil.copyfile(source, place)
