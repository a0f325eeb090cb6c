"""The precision in which a training is measured again: by default its own."""

import torch
from omegaconf import DictConfig, OmegaConf

from segadapt.evaluation.precision_names import PRECISIONS, precision_name
from segadapt.runs.file_names import ENVIRONMENT
from segadapt.runs.reader import Run
from segadapt.text.bounded import MIB, read_object
from segadapt.text.choices import check_choice


def with_precision(cfg: DictConfig, run: Run) -> str:
    """The precision of an evaluation, by Lightning's full name.

    Args:
        cfg: conf/evaluate.yaml, composed.
        run: The training; its environment.json says what ``auto`` came to where it ran.

    Raises:
        ValueError: If there is no such precision.
    """
    name = cfg.precision or precision_of(run, cfg.device)
    check_choice("precision", name, PRECISIONS)
    return str(name)


def precision_of(run: Run, device: str) -> str:
    """That of a training; of one that did not keep it, by its config and the device here."""
    file = run.folder / ENVIRONMENT
    kept = read_object(file, MIB) if file.is_file() else {}
    if "precision" in kept:
        return str(kept["precision"])
    trainer = OmegaConf.create({"precision": OmegaConf.select(run.config, "trainer.precision")})
    trainer.precision = trainer.precision or "auto"
    return precision_name(trainer, torch.device(device).type != "cpu")
