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

RESIZE: Final = ("scale", "multiple")
"""Settings of the training's evaluation that decide about the size of an image."""


def metadata_of(trained: TrainedNetwork) -> dict[str, Any]:
    """Plain values: classes and their numbers, the normalisation of images, and the measurement.

    Args:
        trained: The network.
    """
    data = trained.data
    plain: Any = OmegaConf.to_container(trained.config, resolve=True)
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
        "resize": _resize(plain, data.windows),
        "windows": data.windows,
        "inference": settings_of(trained.inference),
        "data": data.name,
        **origin,
    }


def _resize(config: Mapping[str, Any], windows: int | None) -> dict[str, Any]:
    """The resize before the network; empty where images keep their size."""
    if windows is not None:  # such networks see images at their own resolution
        return {}
    transform = value_at(config, "data.module.val.transform") or {}
    return {key: transform[key] for key in RESIZE if transform.get(key) is not None}


def as_texts(metadata: Mapping[str, Any]) -> dict[str, str]:
    """Each value as JSON, for formats that keep texts by name."""
    return {key: json.dumps(value) for key, value in metadata.items()}
