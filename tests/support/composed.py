"""Objectives as their yaml says."""

from compositions import composed
from hydra.utils import instantiate

from segadapt.losses.objective import Objective


def objective(classifier: str, *overrides: str) -> Objective:
    """The objective of ``python train.py classifier=...``."""
    return instantiate(composed("data=synthetic", f"classifier={classifier}", *overrides).loss)
