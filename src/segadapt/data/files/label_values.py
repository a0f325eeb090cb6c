"""The meaning of decoded label pixels: numbers or colours, and the allowed ones."""

from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from jaxtyping import Shaped, UInt, UInt8

LARGEST: Final = 65_535
"""The largest number that a label file may hold."""

TABLE: Final = "list its colours in a label table (data.classes=FILE)"


class LabelForm(NamedTuple):
    """Form of the values allowed in label files.

    Args:
        numbers: Whether a pixel may be a number.
        colors: Whether a pixel may be a colour; palettes are numbers where both are allowed.
        lossy: Whether JPEG is accepted.
    """

    numbers: bool = True
    colors: bool = False
    lossy: bool = False

    def of_indices(
        self,
        indices: Shaped[np.ndarray, "H W"],
        palette: UInt8[np.ndarray, "n 3"],
        file: Path,
    ) -> UInt[np.ndarray, "H W"] | UInt8[np.ndarray, "H W 3"]:
        """The pixels of a file with a palette: its indices, or its colours if need be.

        Raises:
            ValueError: If an index has no colour.
        """
        if self.numbers:
            return narrowed(indices, file)
        if indices.size and indices.max() >= len(palette):
            raise ValueError(
                f"label {file} has a palette of {len(palette)} colours, but holds the index "
                f"{indices.max()}; export it again"
            )
        return palette[indices]

    def of_grey(
        self, levels: Shaped[np.ndarray, "H W"], file: Path, white: int = 255
    ) -> UInt[np.ndarray, "H W"] | UInt8[np.ndarray, "H W 3"]:
        """The pixels of a file without colours: numbers, or shades of grey as colours.

        Args:
            levels: What the file holds.
            file: What errors name.
            white: The level that is white.

        Raises:
            ValueError: If they are not whole numbers from 0 to 65,535, or more than 8 bits deep
                where colours are wanted.
        """
        numbers = narrowed(levels, file)
        if self.numbers:
            return numbers
        if white > 255 or numbers.dtype != np.uint8:
            raise ValueError(
                f"label {file} holds grey levels of 16 bits, but the label table lists colours "
                "only; give its classes numbers"
            )
        return np.repeat((numbers * np.uint8(255 // white))[..., None], 3, axis=2)

    def of_colors(
        self, pixels: Shaped[np.ndarray, "H W c"], file: Path
    ) -> UInt8[np.ndarray, "H W 3"]:
        """The colours of a file in OpenCV's order: blue first, opacity last.

        Raises:
            ValueError: If colours are not accepted, have more than 8 bits, or are half transparent.
        """
        order = [2, 1, 0, 3] if pixels.shape[2] == 4 else [2, 1, 0]
        return self.checked_colors(pixels[..., order], file)

    def checked_colors(
        self, pixels: Shaped[np.ndarray, "H W c"], file: Path
    ) -> UInt8[np.ndarray, "H W 3"]:
        """Red, green and blue of a file; fully transparent pixels keep their colour.

        Raises:
            ValueError: As above.
        """
        if not self.colors:
            raise ValueError(f"label {file} holds colours, not class numbers; {TABLE}")
        pixels = _eight_bits(pixels, file)
        if pixels.shape[2] == 4:
            blended = np.count_nonzero((pixels[..., 3] > 0) & (pixels[..., 3] < 255))
            if blended:
                raise ValueError(
                    f"label {file} has {blended} half transparent pixels, whose colours are "
                    "mixtures; export it without smoothed edges"
                )
        return np.ascontiguousarray(pixels[..., :3])


def narrowed(numbers: Shaped[np.ndarray, "H W"], file: Path) -> UInt[np.ndarray, "H W"]:
    """Whole numbers 0 ... 65,535 in as few bytes as they need.

    Raises:
        ValueError: If they are not.
    """
    if numbers.dtype in (np.uint8, np.bool_):
        return numbers.view(np.uint8)
    whole = np.uint8 if numbers.size == 0 or numbers.max() <= 255 else np.uint16
    with np.errstate(invalid="ignore"):  # NaN is not a whole number either
        narrow = numbers.astype(whole)
    if not np.array_equal(narrow, numbers):
        wrong = numbers[narrow != numbers]
        count = np.count_nonzero(wrong == wrong[0]) or np.count_nonzero(wrong != wrong)  # NaN
        raise ValueError(
            f"label {file} holds {wrong[0]} on {count} pixels; "
            f"class numbers are whole and end at {LARGEST:,}"
        )
    return narrow


def _eight_bits(pixels: Shaped[np.ndarray, "H W c"], file: Path) -> UInt8[np.ndarray, "H W c"]:
    """Channels of 16 bits as 8, where they hold no more: both bytes of each are equal then."""
    if pixels.dtype == np.uint8:
        return pixels
    narrow = (pixels.astype(np.int64) >> 8).astype(np.uint8) if pixels.dtype == np.uint16 else None
    if narrow is None or not np.array_equal(narrow * np.uint16(257), pixels):
        raise ValueError(
            f"label {file} has colours of {pixels.dtype}; colours of labels have 8 bits per channel"
        )
    return narrow
