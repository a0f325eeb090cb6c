"""``segadapt resume run=RUN``: continue an interrupted training."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from omegaconf import DictConfig

from segadapt.cli import hydra_command
from segadapt.cli.ending import tell
from segadapt.runs.config import resolved
from segadapt.runs.errors import Interrupted

RESUME: Final = ("run", "trust_config", "env")
"""Keys of conf/resume.yaml; all others are secrets that the run folder does not store."""


def main(words: Sequence[str]) -> None:
    """Run one command line.

    Args:
        words: Overrides, as Hydra takes them.
    """
    sys.argv[1:] = words
    resume()


def resume() -> None:
    """Resume an interrupted training: ``segadapt resume run=RUN``.

    Secrets, which the folder does not store, are passed again as ``+KEY=VALUE``.
    """
    hydra_command.compose_and_run("resume", _resume)


def _resume(cfg: DictConfig) -> None:
    from segadapt.runs import session

    if cfg.run is None:
        raise ValueError("no run given; pass run=RUN_FOLDER (printed when the training ends)")
    folder = Path(str(cfg.run))
    try:
        typed_again = resolved(cfg)
        given = {key: value for key, value in typed_again.items() if key not in RESUME}
        steps = given["data"].pop("steps")
        session.resume(
            folder,
            hydra_command.trust_check(cfg),
            hydra_command.fit_run,
            steps,
            given,
            list(cfg.env),
        )
    except (Exception, Interrupted, KeyboardInterrupt) as error:
        sys.exit(tell(error, folder))
