"""Positions of pixels between cells along one axis, as integers."""

from typing import NamedTuple


class Axis(NamedTuple):
    """Numbers of one axis: pixel i lies at max(i * step + shift, 0) / unit cells.

    The fields are in the order in which the kernels take them.
    """

    cells: int
    step: int
    shift: int
    unit: int
    pixels: int


def axis_of(cells: int, pixels: int, align_corners: bool) -> Axis:
    """The positions of bilinear resizing (see :func:`segadapt.functional.resize.upsample`).

    Raises:
        ValueError: If a numerator would not fit in 32 bits.
    """
    if cells * pixels >= 2**29:
        raise ValueError(
            f"the Triton kernel cannot resize {cells} cells to {pixels} pixels; use "
            "loss.kernel=strips"
        )
    if align_corners:
        return Axis(cells, cells - 1, 0, max(pixels - 1, 1), pixels)
    return Axis(cells, 2 * cells, cells - pixels, 2 * pixels, pixels)
