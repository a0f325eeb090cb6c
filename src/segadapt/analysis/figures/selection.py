"""Checks of the trainings that figures show, made before any slow import."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from omegaconf import DictConfig, OmegaConf

from segadapt.runs.kept_table import table_digest
from segadapt.runs.reader import read_run
from segadapt.runs.trust import Check, check_names


@runtime_checkable
class HasRun(Protocol):
    """A training with its folder and config, whether or not its network has been built."""

    @property
    def folder(self) -> Path: ...

    @property
    def config(self) -> DictConfig: ...


def check_chosen(
    folders: Mapping[str, Path], checkpoint: str, tracking: bool, check: Check = check_names
) -> None:
    """Check that runs can be drawn side by side; nothing is built.

    Args:
        folders: Run folders by title.
        checkpoint: ``last``, ``best`` or a file.
        tracking: Whether the figures are logged to the W&B run of each training.
        check: Checks unresolved configs; names are enough here.

    Raises:
        ValueError: If a run cannot be read or has no W&B run, or they were validated on other
            images or classes.
    """
    runs = {name: read_run(str(folder), checkpoint, check) for name, folder in folders.items()}
    check_same_images(runs)
    if tracking:
        for run in runs.values():
            logger_of(run)


def check_same_images(trained: Mapping[str, HasRun]) -> None:
    """Check that several networks can be shown side by side.

    Raises:
        ValueError: If they were validated on other images or classes.
    """
    (first, reference), *others = trained.items()
    for name, other in others:
        if _validation(other) != _validation(reference):
            raise ValueError(
                f"{first} and {name} were validated on different data ({reference.folder}, "
                f"{other.folder}), so their predictions cannot be shown side by side"
            )


def _validation(trained: HasRun) -> tuple[dict[str, Any], str | None]:
    """The config of a training's validation set, and the digest of its label table."""
    if (data := OmegaConf.select(trained.config, "data.module.val")) is None:
        raise ValueError(f"{trained.folder}/config.yaml has no data.module.val")
    return dict(data), table_digest(trained.folder)


def logger_of(trained: HasRun) -> Any:
    """The logger in a training's config.

    Raises:
        ValueError: If it has none.
    """
    if not (logger := trained.config.get("logger")):
        raise ValueError(
            f"{trained.folder} was trained with logger=none, so it has no W&B run for its figures; "
            "remove wandb=true"
        )
    return logger
