"""Metadata of an exported file."""

import json
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any, Final

from omegaconf import OmegaConf

from segadapt.deployment.loading.trained_network import TrainedNetwork
from segadapt.deployment.sharing.bundle import LOCAL
from segadapt.evaluation.inference.settings import settings_of
from segadapt.functional.normalization import MEAN, STD
from segadapt.runs.config import value_at
from segadapt.structures import ignored_label

FORMAT: Final = 1
"""Version of the keys; raised when readers must know more."""


def metadata_of(trained: TrainedNetwork) -> dict[str, Any]:
    """Plain values: classes and their numbers, the normalisation of images, and the measurement.

    Args:
        trained: The network.
    """
    data = trained.data
    plain: Any = OmegaConf.to_container(trained.config, resolve=True)
    transform = value_at(plain, "data.module.val.transform") or {}
    origin = {key: value for key, value in trained.info.items() if key not in LOCAL}
    return {
        "format": FORMAT,
        "segadapt": version("segadapt"),
        "classes": list(data.classes),
        "palette": data.colors.tolist(),
        "label_numbers": data.labels.numbers,
        "ignored_label": ignored_label(len(data.classes)),
        "mean": list(MEAN),
        "std": list(STD),
        "resize": {key: value for key, value in transform.items() if not key.startswith("_")},
        "inference": settings_of(trained.inference),
        "data": data.name,
        **origin,
    }


def as_texts(metadata: Mapping[str, Any]) -> dict[str, str]:
    """Each value as JSON, for formats that keep texts by name."""
    return {key: json.dumps(value) for key, value in metadata.items()}
