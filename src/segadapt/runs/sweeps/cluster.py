"""Check that trials can be submitted to SLURM from this machine."""

import shutil
from typing import Final

from omegaconf import DictConfig

PROGRAMS: Final = ("srun", "sbatch")
"""Programs that submitit calls: it raises RuntimeError without the first, OSError without the
second."""


def check_cluster(launcher: DictConfig) -> None:
    """Refuse SLURM's launcher on a machine without SLURM, before anything is written.

    Args:
        launcher: The node ``hydra.launcher`` of the config.

    Raises:
        ValueError: If a program of SLURM is missing.
    """
    if not str(launcher.get("_target_")).endswith(".SlurmLauncher"):
        return
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    if missing:
        raise ValueError(
            f"sweep=slurm (hydra/launcher=submitit_slurm) needs {' and '.join(missing)}, which "
            "this machine does not have; start the sweep on a login node of a SLURM cluster, or "
            "use sweep=joblib, or -m alone for one trial after another"
        )
