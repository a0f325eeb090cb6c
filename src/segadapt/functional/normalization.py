"""The colour statistics by which every network input is shifted and scaled."""

from typing import Final, NamedTuple

MEAN: Final = (0.485, 0.456, 0.406)
STD: Final = (0.229, 0.224, 0.225)
"""ImageNet's, RGB, as fractions of white; times 255 they are the numbers of the recipes."""


class Statistics(NamedTuple):
    """Mean and deviation of each channel, as fractions of white."""

    mean: tuple[float, ...]
    std: tuple[float, ...]


IMAGENET: Final = Statistics(MEAN, STD)
