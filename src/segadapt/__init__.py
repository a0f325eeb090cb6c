"""Train and compare swappable pixel classifiers (fixed, CAC, SSA) for semantic segmentation.

The names in ``__all__`` are public: they keep working within a minor version. They are imported
when they are first used, so that ``import segadapt`` imports nothing else.
"""

import importlib
from typing import Any, Final

_HOMES: Final = {
    "Branch": "segadapt.structures",
    "Classifier": "segadapt.classifiers.base",
    "Model": "segadapt.deployment.prediction.model",
    "Prediction": "segadapt.structures",
    "Result": "segadapt.deployment.prediction.result",
    "Segmentor": "segadapt.segmentor",
    "StaticClassifier": "segadapt.classifiers.base",
    "load": "segadapt.deployment.prediction.load",
    "train": "segadapt.cli.notebook",
}

__all__ = [
    "Branch",
    "Classifier",
    "Model",
    "Prediction",
    "Result",
    "Segmentor",
    "StaticClassifier",
    "load",
    "train",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'segadapt' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
