"""The experiments of conf/experiment, composed with stand-ins for what is not there yet."""

import csv
from functools import cache
from pathlib import Path

from compositions import configurations
from hydra import compose
from omegaconf import DictConfig, OmegaConf

from segadapt.cli.hydra_command import CONF

FOLDER = CONF / "experiment"
ALL = sorted(file.stem for file in FOLDER.glob("*.yaml"))
CONFOUNDS = [name for name in ALL if name.startswith("confound_")]
NAMES = [name for name in ALL if name not in CONFOUNDS]
ABLATIONS = [name for name in NAMES if "_table1_" not in name and "ssa_table2_" not in name]
TABLES = Path(__file__).parents[1] / "fixtures" / "paper_tables"

ABSENT: set[str] = set()
"""Options that experiments name and that may be missing; remove each that has come."""

STAND_INS = {
    "data": "synthetic",
    "model": "tiny",
    "classifier": "fixed",
    "optimizer": "adamw",
    "schedule": "poly",
}


@cache
def chosen(name: str) -> dict[str, str]:
    """Options by group, as the file and what it builds on say, the file first."""
    loaded = OmegaConf.load(FOLDER / f"{name}.yaml")
    found: dict[str, str] = {}
    for entry in loaded.get("defaults", []):
        if not isinstance(entry, str):
            ((key, value),) = entry.items()
            found[key.removeprefix("override /")] = value
    for entry in loaded.get("defaults", []):
        if isinstance(entry, str) and entry != "_self_":
            base = entry if "/" in entry else f"base/{entry}"
            found = {**chosen(base), **found}
    return found


def exists(group: str, option: str) -> bool:
    return (CONF / group / f"{option}.yaml").is_file()


def missing(name: str) -> dict[str, str]:
    """The options of an experiment that are not there."""
    return {group: option for group, option in chosen(name).items() if not exists(group, option)}


@cache
def composed(*overrides: str) -> dict[str, DictConfig]:
    """All experiments by name, in one go.

    What is missing is replaced.
    """
    found = {}
    with configurations():
        for name in NAMES if not overrides else ABLATIONS:
            instead = [f"{group}={STAND_INS[group]}" for group in missing(name)]
            found[name] = compose(
                "train", [f"experiment={name}", *instead, "paths.run=run", *overrides]
            )
    return found


def rows(table: str) -> list[dict[str, str]]:
    """A table of a paper, or the recipes."""
    with (TABLES / f"{table}.csv").open() as file:
        return list(csv.DictReader(file))
