"""The precision of an evaluation: by default that of the training."""

import torch
from omegaconf import DictConfig, OmegaConf

from segadapt.evaluation.precision_names import full_name, precision_name
from segadapt.runs.file_names import ENVIRONMENT
from segadapt.runs.reader import Run
from segadapt.text.bounded import MIB, read_object


def with_precision(cfg: DictConfig, run: Run) -> str:
    """The precision of an evaluation, by Lightning's full name.

    Args:
        cfg: conf/evaluate.yaml, composed.
        run: The training, whose environment.json holds the precision chosen for ``auto``.

    Raises:
        ValueError: If the precision is unknown.
    """
    return full_name(cfg.precision or precision_of(run, cfg.device))


def precision_of(run: Run, device: str) -> str:
    """The precision of a training; if it is not stored, from its config and this device."""
    file = run.folder / ENVIRONMENT
    kept = read_object(file, MIB) if file.is_file() else {}
    if "precision" in kept:
        return str(kept["precision"])
    trainer = OmegaConf.create({"precision": OmegaConf.select(run.config, "trainer.precision")})
    trainer.precision = trainer.precision or "auto"
    return precision_name(trainer, torch.device(device).type != "cpu")
