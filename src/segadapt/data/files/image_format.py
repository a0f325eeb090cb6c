"""The format of a data set's images: channels, depth, and the values of black and white."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from jaxtyping import Float32, Num, UInt8

DEPTHS: Final = (8, 16, "float")

MEASURE: Final = "segadapt check-data ... statistics=true measures it"

Pixels = UInt8[np.ndarray, "_ _ _"] | Float32[np.ndarray, "_ _ _"]
"""Rows x columns x channels: 0 ... 255, or fractions of the range."""


class ImageFormat(NamedTuple):
    """Format in which images are read.

    Attributes:
        channels: Of each pixel. Where there are 3, grey is repeated and alpha dropped.
        depth: 8 or 16 bits of each channel, or "float" for any numbers.
        range: What becomes 0 and what becomes 1; values outside are clipped. None for 8 bits.
    """

    channels: int = 3
    depth: int | str = 8
    range: tuple[float, float] | None = None

    @property
    def is_plain(self) -> bool:
        """Whether images are 8-bit RGB, which weights are published for."""
        return self.channels == 3 and self.depth == 8

    def pixels(self, values: Num[np.ndarray, "_ _ _"], file: Path) -> Pixels:
        """The values of a file as the pipeline takes them.

        Raises:
            ValueError: If they have another depth or number of channels, or are not finite.
        """
        values = self.checked(values, file)
        if values.dtype == np.uint8 and self.depth == 8:
            return values
        assert self.range is not None
        low, high = self.range
        scaled = (values.astype(np.float32) - np.float32(low)) / np.float32(high - low)
        return np.clip(scaled, 0, 1, out=scaled)

    def checked(self, values: Num[np.ndarray, "_ _ _"], file: Path) -> Num[np.ndarray, "_ _ _"]:
        """The values of a file in the data set's channels and depth, not scaled yet.

        Raises:
            ValueError: If they have another depth or number of channels, or are not finite.
        """
        values = self._channels(values, file)
        if self.depth == 8:
            return _eight_bits(values, file)
        if self.depth == 16 and values.dtype != np.uint16:
            raise ValueError(
                f"{file} holds {values.dtype} and not 16 bits per channel; set data.depth=8 or "
                "data.depth=float, or convert it"
            )
        if values.dtype.kind == "f" and not np.isfinite(values).all():
            number = values.size - np.count_nonzero(np.isfinite(values))
            raise ValueError(f"{file} holds {number} values that are NaN or infinite; replace them")
        return values

    def _channels(self, values: Num[np.ndarray, "_ _ _"], file: Path) -> Num[np.ndarray, "_ _ _"]:
        held = values.shape[2]
        if held == self.channels:
            return values
        if self.channels == 3 and held in (1, 2):
            return np.repeat(values[..., :1], 3, axis=2)
        if self.channels == 3 and held == 4:
            return np.ascontiguousarray(values[..., :3])
        raise ValueError(
            f"{file} has {held} channels and data.channels={self.channels}; set "
            f"data.channels={held}, or convert it"
        )


PLAIN: Final = ImageFormat()


def checked_format(
    channels: int = 3, depth: int | str = 8, limits: Sequence[float] | None = None
) -> ImageFormat:
    """The settings ``data.channels``, ``data.depth`` and ``data.range`` as a format.

    Raises:
        ValueError: If one makes no sense, or the range is missing.
    """
    if depth not in DEPTHS:
        raise ValueError(f"data.depth={depth!r} must be one of {', '.join(map(str, DEPTHS))}")
    if depth == 8:
        if limits is not None:
            raise ValueError("data.range is for data.depth=16 or float; remove it")
        return ImageFormat(channels, depth)
    if limits is None:
        raise ValueError(f"data.depth={depth} needs data.range=[BLACK, WHITE]; {MEASURE}")
    low, high = (float(limit) for limit in limits)
    if not np.isfinite([low, high]).all() or low >= high:
        raise ValueError(f"data.range=[{low:g}, {high:g}] must be two numbers, the smaller first")
    return ImageFormat(channels, depth, (low, high))


def _eight_bits(values: Num[np.ndarray, "_ _ _"], file: Path) -> UInt8[np.ndarray, "_ _ _"]:
    """Channels of 16 bits as 8, if they hold no more: all else would lose levels, or all of them.

    White is 255 and 65,535, so 8 bits are in the file as both halves of 16; the largest value of
    12 bits would become 15.
    """
    if values.dtype == np.uint8:
        return values
    bits = 8 * values.dtype.itemsize
    least, most = values.min(), values.max()
    narrow = (values >> 8).astype(np.uint8) if values.dtype == np.uint16 else None
    if narrow is None or not np.array_equal(narrow * np.uint16(257), values):
        raise ValueError(
            f"{file} has {bits} bits per channel (values {least} to {most}), and images are read "
            "with 8; set data.depth=16 or float with data.range=[BLACK, WHITE] where data=folder "
            "reads it, or convert it, scaled by the range of the camera (12 bits: divide by 16)"
        )
    return narrow
