"""Images to predict, from any source, as 8-bit RGB in the orientation that viewers show."""

from collections.abc import Iterable
from os import PathLike
from pathlib import Path
from typing import Final, NamedTuple, TypeAlias

import numpy as np
import torch
from jaxtyping import UInt8
from PIL import Image as PillowImage
from PIL import ImageOps
from torch import Tensor

from segadapt.data.files.decode import read_photograph
from segadapt.data.files.image_format import PLAIN, ImageFormat
from segadapt.data.files.image_format import Pixels as AnyPixels
from segadapt.files import expanded

MAX_PIXELS: Final = 200_000_000
"""Larger images are refused unread: a file of some kilobytes can unpack to gigabytes."""

Pixels = UInt8[np.ndarray, "H W 3"]

ImageSource: TypeAlias = str | PathLike[str] | PillowImage.Image | np.ndarray | Tensor
"""Types that can hold one image."""

WIDE: Final = ("F", "I")
"""Prefixes of the modes of Pillow's images with more than 8 bits."""


class Photograph(NamedTuple):
    """One image in the orientation that viewers show."""

    pixels: AnyPixels
    name: str
    """Its file, or the kind of its source."""


def read_one(source: object, max_pixels: int = MAX_PIXELS, form: ImageFormat = PLAIN) -> Photograph:
    """An image from a file, from Pillow, an array or a tensor.

    Files and Pillow's images are turned as their EXIF says; arrays and tensors are taken as they
    are. Grey becomes RGB, and transparency is dropped.

    Args:
        source: A path; an image of Pillow; an array of uint8, rows x columns x 3 (or 1, or 4, or
            rows x columns); or a tensor, channels x rows x columns, of uint8 or of 0 ... 1.
        max_pixels: Larger images are refused.
        form: Channels and depth of the images that the network was trained on. Where they are not
            8-bit RGB, arrays and tensors hold the numbers that files hold.

    Raises:
        ValueError: If it is not an image that can be read.
    """
    match source:
        case str() | PathLike():
            return _from_file(str(source), max_pixels, form)
        case np.ndarray() | Tensor() if not form.is_plain:
            pixels, name = _from_numbers(source, form), "array"
        case PillowImage.Image():
            pixels, name = _from_pillow(source, max_pixels), "Pillow image"
        case np.ndarray():
            pixels, name = _from_array(source), "array"
        case Tensor():
            pixels, name = _from_tensor(source), "tensor"
        case _:
            raise ValueError(
                f"{type(source).__name__} is not an image; pass a path, a Pillow image, a uint8 "
                "array (rows x columns x 3), a tensor (3 x rows x columns), or a list of these"
            )
    _check_size(pixels.shape, name, max_pixels)
    return Photograph(pixels, name)


def is_one(source: object) -> bool:
    """Whether something holds one image, rather than several."""
    if isinstance(source, np.ndarray | Tensor):
        return source.ndim < 4
    # Bytes are the content of one file; read_one refuses them by name.
    single = isinstance(source, str | bytes | bytearray | PathLike | PillowImage.Image)
    return single or not isinstance(source, Iterable)


def _from_numbers(source: np.ndarray | Tensor, form: ImageFormat) -> AnyPixels:
    """Numbers as files hold them: an array rows x columns x channels, a tensor channels first."""
    array = source if isinstance(source, np.ndarray) else source.detach().cpu().numpy()
    if array.ndim == 2:
        array = array[..., None] if isinstance(source, np.ndarray) else array[None]
    if array.ndim != 3:
        raise ValueError(
            f"an array of shape {array.shape} is not an image; pass one image at a time"
        )
    planes = array if isinstance(source, np.ndarray) else array.transpose(1, 2, 0)
    return form.pixels(np.ascontiguousarray(planes), Path("array"))


def _from_file(text: str, max_pixels: int, form: ImageFormat) -> Photograph:
    if "://" in text:
        raise ValueError(f"{text} is a URL, and images are read from files; download it first")
    file = expanded(text)
    if file.is_dir():
        raise ValueError(
            f"{file} is a folder; pass its images one by one, or use segadapt predict images={file}"
        )
    return Photograph(read_photograph(file, max_pixels, form), text)


def _from_pillow(image: PillowImage.Image, max_pixels: int) -> Pixels:
    _check_size((image.height, image.width), "Pillow image", max_pixels)
    if image.mode.startswith(WIDE):
        raise ValueError(
            f"this Pillow image has mode {image.mode}, more than 8 bits; scale its values to "
            "0 ... 255 and convert it to RGB"
        )
    return np.array(ImageOps.exif_transpose(image).convert("RGB"))


def _from_array(array: np.ndarray) -> Pixels:
    grey = array.ndim == 2 or (array.ndim == 3 and array.shape[2] == 1)
    if array.dtype != np.uint8 or not (grey or (array.ndim == 3 and array.shape[2] in (3, 4))):
        raise ValueError(
            f"an array of {array.dtype} and shape {array.shape} is not an image; give uint8, "
            "rows x columns x 3 (RGB)"
        )
    planes = np.repeat(array.reshape(*array.shape[:2], 1), 3, axis=2) if grey else array[..., :3]
    return np.ascontiguousarray(planes)


def _from_tensor(tensor: Tensor) -> Pixels:
    if tensor.ndim != 3 or tensor.shape[0] not in (1, 3):
        raise ValueError(
            f"a tensor of shape {tuple(tensor.shape)} is not an image; give 3 x rows x columns"
        )
    values = tensor.detach().cpu()
    if values.is_floating_point():
        if not bool(((values >= 0) & (values <= 1)).all()):
            raise ValueError(
                f"a tensor with values from {values.min():g} to {values.max():g} is not an image; "
                "give uint8, or 0 ... 1 (not normalised)"
            )
        values = (values * 255).round().to(torch.uint8)
    return _from_array(values.permute(1, 2, 0).numpy())


def _check_size(shape: tuple[int, ...], name: str, max_pixels: int) -> None:
    height, width = shape[:2]
    if not 0 < height * width <= max_pixels:
        raise ValueError(
            f"this {name} has {height} x {width} pixels; images have one pixel or more, and at "
            f"most max_pixels={max_pixels}"
        )
