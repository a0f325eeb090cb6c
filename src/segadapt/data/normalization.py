"""The colour statistics by which every network input is shifted and scaled."""

from segadapt.functional.normalization import MEAN, STD

__all__ = ["MEAN", "STD"]
