"""Reports of earlier versions, completed by the conditions that applied at the time."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from segadapt.evaluation.precision_names import precision_name
from segadapt.runs.config import value_at
from segadapt.runs.file_names import ENVIRONMENT
from segadapt.text.bounded import MIB, read_object

ORACLE: Final = (
    "pools the labels of one image at a time, however many classifier.oracle_group pools in "
    "training"
)
"""The rule of the oracle branch, which has never changed."""


def completed(report: Mapping[str, Any], config: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """A report whose protocol is completed to that of this version, as far as known.

    Args:
        report: Report of a training or of an evaluation.
        config: Resolved config of the run.
        folder: Run folder.

    Raises:
        ValueError: If environment.json is needed and damaged.
    """
    protocol = report.get("protocol")
    if not isinstance(protocol, Mapping):
        return dict(report)
    stated = {"oracle": ORACLE, **protocol}
    if "precision" not in stated and (precision := _precision(protocol, config, folder)):
        stated["precision"] = precision
    return {**report, "protocol": stated}


def _precision(protocol: Mapping[str, Any], config: Mapping[str, Any], folder: Path) -> str | None:
    """The precision of a report that does not state it; None if unknown."""
    if "device" in protocol:  # evaluations had no autocast before their reports stated it
        return "32-true"
    trainer = {key: value_at(config, f"trainer.{key}") for key in ("precision", "accelerator")}
    if trainer["precision"] is None:
        return None
    gpu = trainer["precision"] == "auto" and _on_gpu(trainer["accelerator"], folder)
    return None if gpu is None else precision_name(trainer, gpu)


def _on_gpu(accelerator: Any, folder: Path) -> bool | None:
    """Whether a run was trained on GPUs; None if its folder does not tell."""
    if accelerator == "cpu":
        return False

    file = folder / ENVIRONMENT
    gpus = read_object(file, MIB).get("gpus") if file.is_file() else None
    return bool(gpus) if isinstance(gpus, list) else None
