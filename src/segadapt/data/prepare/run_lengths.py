"""Masks written as run lengths, in the compressed form of COCO's tools.

A mask is read column by column; its runs alternate, the first is of zeros. Each number but the
first three is written as its difference to the one two before, in groups of five bits, the lowest
first; the sixth bit of a group says that another follows, the fifth bit of the last is the sign.
Each group stands as one character, 48 added.
"""

import numpy as np
from jaxtyping import Bool, Int

OFFSET, MORE, SIGN, BITS = 48, 0x20, 0x10, 5
Pixels = Bool[np.ndarray, " pixels"]
LONGEST = 12
"""Groups of a number; more do not fit 64 bits."""


def mask(counts: str, height: int, width: int) -> Pixels:
    """Unpack a mask.

    Args:
        counts: Its runs.
        height: Of the image, in pixels.
        width: The same.

    Returns:
        Its pixels, column by column.

    Raises:
        ValueError: If the runs do not fill the image.
    """
    return filled(lengths(counts), height, width)


def filled(runs: Int[np.ndarray, " runs"], height: int, width: int) -> Pixels:
    """The pixels of runs that have been read.

    Raises:
        ValueError: If they do not fill the image.
    """
    pixels = height * width
    wrong = runs[(runs < 0) | (runs > pixels)]  # before the sum, which may wrap to the right number
    if len(wrong) or runs.sum() != pixels:
        content = f"a run of {wrong[0]}" if len(wrong) else f"runs of {runs.sum()}"
        raise ValueError(f"{content} pixels for an image of {width} x {height}; correct its counts")
    return np.repeat(np.arange(len(runs)) % 2 == 1, runs)


def lengths(counts: str) -> Int[np.ndarray, " runs"]:
    """The run lengths.

    Raises:
        ValueError: If the text does not hold run lengths.
    """
    groups = np.frombuffer(counts.encode("latin-1", "replace"), np.uint8).astype(np.int64) - OFFSET
    if groups.size == 0 or groups.min() < 0 or groups.max() >= 2 * MORE or groups[-1] & MORE:
        raise ValueError("damaged run lengths")
    last = np.flatnonzero(groups < MORE)
    first = np.concatenate(([0], last[:-1] + 1))
    sizes = last - first + 1
    if sizes.max() > LONGEST:
        raise ValueError("damaged run lengths")
    shifts = (np.arange(groups.size) - np.repeat(first, sizes)) * BITS
    values = np.add.reduceat((groups & (MORE - 1)) << shifts, first)
    values -= np.where(groups[last] & SIGN, np.int64(1) << (sizes * BITS), 0)
    values[1::2] = np.cumsum(values[1::2])
    values[2::2] = np.cumsum(values[2::2])
    return values
