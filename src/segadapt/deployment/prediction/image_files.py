"""Pictures and label maps as files that are whole or absent."""

from pathlib import Path
from typing import Final

import cv2
import numpy as np
from jaxtyping import UInt, UInt8

from segadapt.data.drawing import Picture
from segadapt.data.files.png import with_palette
from segadapt.data.labels import LabelContract
from segadapt.files import replacing

NUMBERS: Final = ("data", "train")
"""Numbers in label files: those of the data set, or 0 ... K-1 as in the network."""

QUICK: Final = (cv2.IMWRITE_PNG_COMPRESSION, 3)
QUALITY: Final = (cv2.IMWRITE_JPEG_QUALITY, 92)

JPEG_SIDE: Final = 65_500
"""Pixels of the longer side of a JPEG at most, as libjpeg writes it."""


class TooLarge(ValueError):
    """Raised for a picture that its file format cannot hold."""


def write_labels(
    file: Path,
    labels: UInt[np.ndarray, "H W"],
    contract: LabelContract | None = None,
    colors: UInt8[np.ndarray, "k 3"] | None = None,
) -> None:
    """Write classes as a label file: a PNG with one number, or colour, for each pixel.

    Numbers above 255 take 16 bits, in which a PNG has no palette.

    Args:
        file: File to write.
        labels: Classes 0 ... K-1.
        contract: Meaning of the values in label files; None to write class indices.
        colors: Colours of the classes, for viewers; None for grey. They do not change the numbers.

    Raises:
        OSError: If it cannot be written.
    """
    numbers = labels if contract is None else contract.published(labels)
    if numbers.ndim == 3:
        numbers = cv2.cvtColor(numbers, cv2.COLOR_RGB2BGR)
    content = _encoded(numbers, ".png", QUICK)
    if colors is not None and numbers.ndim == 2 and numbers.dtype == np.uint8:
        shown = np.zeros((256, 3), dtype=np.uint8)
        classes = np.arange(len(colors)).astype(labels.dtype)
        places = classes if contract is None else contract.published(classes[None])[0]
        shown[places] = colors
        content = with_palette(content, shown.tobytes())
    _write(file, content)


def write_picture(file: Path, picture: Picture) -> None:
    """Write an RGB picture as PNG or JPEG, depending on the suffix.

    Raises:
        TooLarge: If a JPEG cannot hold it.
        ValueError: If it says neither.
        OSError: If it cannot be written.
    """
    suffix = file.suffix.lower()
    if suffix not in (".png", ".jpg", ".jpeg"):
        raise ValueError(f"{file} cannot be written as a picture; end its name in .png or .jpg")
    if suffix != ".png" and max(picture.shape[:2]) > JPEG_SIDE:
        height, width = picture.shape[:2]
        raise TooLarge(
            f"{file} cannot be written: the picture has {height:,} x {width:,} pixels, and JPEG "
            f"holds at most {JPEG_SIDE:,} pixels a side; write a PNG, or use save=labels"
        )
    options = QUICK if suffix == ".png" else QUALITY
    _write(file, _encoded(cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), suffix, options))


def write_grey(file: Path, values: UInt8[np.ndarray, "H W"]) -> None:
    """Write 8-bit values as a grey PNG.

    Raises:
        OSError: If it cannot be written.
    """
    _write(file, _encoded(values, ".png", QUICK))


def _encoded(pixels: np.ndarray, suffix: str, options: tuple[int, ...]) -> bytes:
    done, content = cv2.imencode(suffix, pixels, options)
    assert done
    return content.tobytes()


def _write(file: Path, content: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with replacing(file) as opened:
        opened.write(content)
