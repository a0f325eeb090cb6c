"""The origin that a training stores in its checkpoints."""

import sys
from pathlib import Path

from omegaconf import DictConfig

from segadapt.runs.config import Config, config_digest
from segadapt.runs.file_names import CONFIG
from segadapt.runs.folder import run_id
from segadapt.runs.lengthening import dependence, lengthened
from segadapt.runs.origin import Origin, without_modules
from segadapt.runs.ranks import rank
from segadapt.runs.redaction import stored
from segadapt.runs.stored_config import stored_config


def kept(cfg: DictConfig, folder: Path) -> Config:
    """The config without secrets, as stored in the run folder, or about to be (other ranks).

    Args:
        cfg: Composed config of the training.
        folder: Run folder.
    """
    return stored_config(folder) if (folder / CONFIG).is_file() else stored(cfg)


def origin(cfg: DictConfig, folder: Path) -> Origin:
    """The run to which checkpoints of this training belong.

    Args:
        cfg: Composed config of the training.
        folder: Run folder.
    """
    facts = {
        "seed": cfg.seed,
        "classifier": str(cfg.classifier._target_).rpartition(".")[2],
        "data": cfg.data.name,
        "classes": cfg.data.num_classes,
    }
    config = kept(cfg, folder)
    if dependence(config["schedule"]) is None:
        config = lengthened(config, sys.maxsize)  # its steps may be lengthened
    own = run_id(folder) if rank() == 0 else None  # another rank may read before it is written
    return Origin(own, config_digest(without_modules(config)), facts)
