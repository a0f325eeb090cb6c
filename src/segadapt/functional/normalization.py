"""The colour statistics by which every network input is shifted and scaled."""

from typing import Final

MEAN: Final = (0.485, 0.456, 0.406)
STD: Final = (0.229, 0.224, 0.225)
"""ImageNet's, RGB, as fractions of white; times 255 they are the numbers of the recipes."""
