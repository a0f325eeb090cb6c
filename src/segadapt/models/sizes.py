"""Padding and cropping for networks that accept only certain sizes."""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor


def pad(image: Float[Tensor, "b c _ _"], rows: int, columns: int) -> Float[Tensor, "b c _ _"]:
    """Add zeros at the bottom and on the right; the mean colour of a normalised image."""
    return F.pad(image, (0, columns - image.shape[3], 0, rows - image.shape[2]))


def pad_to_multiple(
    image: Float[Tensor, "b c _ _"], multiple: int, smallest: int = 1
) -> Float[Tensor, "b c _ _"]:
    """Pad to the next multiple of a number.

    Args:
        image: Network input of any size.
        multiple: Number of pixels of which sides become a multiple.
        smallest: Sides below this number of pixels are padded to it.
    """
    sides = (max(side, smallest) for side in image.shape[2:])
    rows, columns = (ceil_divide(side, multiple) * multiple for side in sides)
    if not torch.compiler.is_exporting() and image.shape[2:] == (rows, columns):
        return image
    return pad(image, rows, columns)  # a program for images of any size always pads


def crop(
    features: Float[Tensor, "b d _ _"], image: Float[Tensor, "b c _ _"], stride: int
) -> Float[Tensor, "b d h w"]:
    """Cut a map of a padded image to the cells that touch the original one.

    Args:
        features: Map of the padded image.
        image: The image before padding.
        stride: Pixels per cell.

    Raises:
        ValueError: If the map has too few cells for the image.
    """
    rows, columns = (ceil_divide(side, stride) for side in image.shape[2:])
    exporting = torch.compiler.is_exporting()  # it would keep a condition on sizes as a bound
    if not exporting and (features.shape[2] < rows or features.shape[3] < columns):
        raise ValueError(
            f"the map of stride {stride} has {features.shape[2]}x{features.shape[3]} cells for an "
            f"image of {image.shape[2]}x{image.shape[3]}, which needs {rows}x{columns}: this "
            "backbone rounds sizes down, so give it a larger model.encoder.multiple"
        )
    return features[:, :, :rows, :columns]


def ceil_divide(dividend: int, divisor: int) -> int:
    """The quotient of two sizes, rounded up.

    Without negative numbers: ONNX rounds their quotient toward 0, so that an exported program would
    pad to too few cells.
    """
    return (dividend + divisor - 1) // divisor
