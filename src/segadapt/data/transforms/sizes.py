"""Heights and widths after a resize, with the rounding of the released code."""


def fitted(size: tuple[int, int], scale: tuple[int, int]) -> tuple[int, int]:
    """The largest height and width of the same shape that fit into a scale either way round.

    Args:
        size: Height and width, pixels.
        scale: Limits of the two sides, pixels; the larger one is that of the longer side.
    """
    factor = min(max(scale) / max(size), min(scale) / min(size))
    height, width = (max(int(side * factor + 0.5), 1) for side in size)
    return height, width


def rounded_up(size: tuple[int, int], multiple: int) -> tuple[int, int]:
    """Height and width, each the next multiple that is no smaller.

    Args:
        size: Height and width, pixels.
        multiple: Of how many pixels.
    """
    height, width = (-(-side // multiple) * multiple for side in size)
    return height, width
