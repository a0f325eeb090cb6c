"""Reading a run folder without slow imports."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from omegaconf import DictConfig

from segadapt.files import expanded
from segadapt.locks import true_state
from segadapt.runs.file_names import CHECKPOINTS, CONFIG, STATE, WANDB
from segadapt.runs.stored_config import read_config
from segadapt.runs.trust import Check, trusting
from segadapt.text.bounded import MIB, read_object
from segadapt.text.choices import unknown

FACTS: Final[Mapping[str, tuple[type, str]]] = {
    "state": (str, "a word"),
    "cause": (str, "a sentence"),
    "classes": (list, "a list"),
    "ended": (str, "a date and time"),
    "failures": (list, "a list"),
    "id": (str, "a word"),
    "metrics": (dict, "a mapping"),
    "started": (str, "a date and time"),
    "starts": (int, "an integer"),
}
"""Optional entries of run.json: their types, and the names of these in messages."""

MOST: Final = 100_000
"""Largest number of files in a run folder."""


class Run(NamedTuple):
    """A run as read from its folder."""

    folder: Path
    config: DictConfig
    state: str
    """``finished``, ``running``, ``interrupted`` (or killed) or ``failed``."""
    checkpoint: Path


def read_run(folder: str | int | Path | None, checkpoint: str, check: Check) -> Run:
    """Read the config, the state and a checkpoint of a training.

    Args:
        folder: Run folder; Hydra passes that of a trial, such as 7, as a number.
        checkpoint: ``last``, ``best``, or a file.
        check: Checks the unresolved config, from which a network will be built.

    Raises:
        ValueError: If there is no such folder or checkpoint, the config is not trusted, or a link
            leads out of the folder.
    """
    if folder is None:
        raise ValueError("no run given; pass run=RUN_FOLDER (printed when the training ends)")
    path = Path(str(folder))
    check_run_folder(path, check)
    config = read_config(path, check)
    return Run(path, config, read_state(path), checkpoint_file(path, checkpoint))


def is_run_folder(path: Path) -> bool:
    """Whether a folder was written by a training or a conversion."""
    return (path / CONFIG).is_file() and (path / STATE).is_file()


def check_run_folder(path: Path, check: Check) -> None:
    """Check that a training wrote this folder, and that no link in it leads elsewhere.

    Raises:
        ValueError: If it has no config or no state, or if a link leads out of it and the user does
            not trust it.
    """
    for name in (CONFIG, STATE):
        if not (path / name).is_file():
            raise ValueError(
                f"{path} is not a run folder: {name} is missing; pass run=RUN_FOLDER (printed when "
                "the training ends)"
            )
    if check is not trusting:
        _check_links(path)


def _check_links(path: Path) -> None:
    """Refuse links through which writing in the folder would write elsewhere."""
    inside = path.resolve()
    for number, entry in enumerate(_entries(inside)):
        if number >= MOST:
            raise ValueError(f"{path} has more than {MOST:,} files, which no run folder has")
        leads_out = entry.is_symlink() and not entry.resolve().is_relative_to(inside)
        strange = not (entry.is_symlink() or entry.is_file() or entry.is_dir())
        strange = strange and entry.exists()  # another rank may just have replaced a file
        if leads_out or strange:
            what = f"a link to {entry.resolve()}" if leads_out else "not a regular file"
            raise ValueError(
                f"{path / entry.relative_to(inside)} is {what}, which may be written to; if you "
                "trust the source of the folder, pass trust_config=true (in Python: "
                "segadapt.load(..., trust=True))"
            )


def _entries(folder: Path) -> Iterator[Path]:
    for place, folders, files in os.walk(folder):
        yield from (Path(place, name) for name in (*folders, *files))
        if place == str(folder) and WANDB in folders:
            folders.remove(WANDB)  # W&B renews its links there


def read_facts(folder: Path) -> dict[str, Any]:
    """The content of run.json.

    Raises:
        ValueError: If it is not an object with a state; names the file.
    """
    file = folder / STATE
    facts = read_object(file, MIB)
    if "state" not in facts:
        raise ValueError(f"{file} has no state (finished, running or failed)")
    for name, (kind, meaning) in FACTS.items():
        if name in facts and not isinstance(facts[name], kind):
            raise ValueError(f"{file}: {name} is {str(facts[name])[:40]!r}, but must be {meaning}")
    for name, value in facts.get("metrics", {}).items():
        if not (value is None or type(value) in (int, float)):
            raise ValueError(f"{file}: the metric {name} is {str(value)[:40]!r}, not a number")
    return facts


def read_state(folder: Path) -> str:
    """``finished``, ``running``, ``interrupted`` or ``failed``."""
    return true_state(folder, read_facts(folder)["state"])


def training_process(folder: Path) -> str:
    """The process that trains in a run folder, according to its run.json."""
    facts = read_object(folder / STATE, MIB) if (folder / STATE).is_file() else {}
    return f"process {facts.get('pid')} on {facts.get('host')}" if facts else "another process"


def checkpoint_file(run: Path, name: str) -> Path:
    """A checkpoint of a run folder.

    Args:
        run: Folder.
        name: ``last``, ``best``, or a file.

    Raises:
        ValueError: If there is no such checkpoint; lists the available ones.
    """
    folder = run / CHECKPOINTS
    for file in (folder / f"{name}.ckpt", expanded(name)):
        if file.is_file():
            return file
    available = sorted(file.stem for file in folder.glob("*.ckpt"))
    raise ValueError(unknown("checkpoint", name, available, f"in {folder}"))
