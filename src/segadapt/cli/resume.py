"""python scripts/resume.py run=RUN_FOLDER: continue an interrupted training."""

import sys
from pathlib import Path

import hydra
from omegaconf import DictConfig

from segadapt.cli.composing import composing
from segadapt.cli.ending import tell
from segadapt.cli.hydra_command import CONF, RESUME, _check, _fit, _told
from segadapt.runs.config import resolved
from segadapt.runs.errors import Interrupted


def resume() -> None:
    """Resume an interrupted training: python scripts/resume.py run=RUN_FOLDER.

    Secrets, which the folder does not keep, are given again as ``+KEY=VALUE``.
    """

    @hydra.main(version_base="1.3", config_path=str(CONF), config_name="resume")
    def job(cfg: DictConfig) -> None:
        _told(_resumed, cfg, "resume")

    composing(job, "resume", CONF)


def _resumed(cfg: DictConfig) -> None:
    from segadapt.runs import session

    if cfg.run is None:
        raise ValueError("which training? give run=RUN_FOLDER, as the training printed it")
    folder = Path(str(cfg.run))
    try:
        typed_again = resolved(cfg)
        given = {key: value for key, value in typed_again.items() if key not in RESUME}
        steps = given["data"].pop("steps")
        session.resume(folder, _check(cfg), _fit, steps, given, list(cfg.env))
    except (Exception, Interrupted, KeyboardInterrupt) as error:
        sys.exit(tell(error, folder))
