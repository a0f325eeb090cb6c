"""Check a data set before training: python scripts/check_data.py data=NAME splits=[train,val]."""

import sys

import hydra
from hydra.errors import HydraException
from omegaconf import DictConfig

from segadapt.cli import CONF


@hydra.main(version_base="1.3", config_path=str(CONF), config_name="check_data")
def main(cfg: DictConfig) -> None:
    """Scan all files, print what is wrong, and write numbers and figures; 1 if anything is."""
    from rich.console import Console

    from segadapt.data.check import check
    from segadapt.failures import sentence

    try:
        errors = check(cfg, Console())
    except (ValueError, OSError, HydraException) as error:
        sys.exit(f"error: {sentence(error)}")
    sys.exit(1 if errors else 0)


if __name__ == "__main__":
    main()
