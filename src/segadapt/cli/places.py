"""The folder of the configs, for commands that import nothing else."""

from pathlib import Path
from typing import Final

CONF: Final = Path(__file__).resolve().parents[1] / "conf"
"""Folder of the config groups."""
