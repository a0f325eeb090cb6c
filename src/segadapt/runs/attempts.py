"""Failed attempts without a checkpoint, moved aside to make room for the next run."""

from pathlib import Path

from segadapt.runs.file_names import (
    ATTEMPTS,
    BALANCE,
    CHECKPOINTS,
    CONFIG,
    ENVIRONMENT,
    ERROR,
    METRICS,
    OVERRIDES,
    PANELS,
    PER_IMAGE,
    REPORT,
    SPLITS,
    STATE,
    TABLE,
    WANDB,
)

RECORD = (
    BALANCE,
    CHECKPOINTS,
    ENVIRONMENT,
    ERROR,
    METRICS,
    OVERRIDES,
    PANELS,
    PER_IMAGE,
    REPORT,
    SPLITS,
    TABLE,
    WANDB,
    CONFIG,
    STATE,
)
"""Names of the files and folders of a run; the folder may hold others. Moving the last one marks
the end."""


def set_aside(run: Path) -> Path:
    """Move the files of a run into ``attempts/NUMBER`` of its folder, and return that folder.

    Args:
        run: Run folder, held by this process. An earlier call that was interrupted is continued.
    """
    number = 1
    while (run / ATTEMPTS / str(number) / RECORD[-1]).exists():
        number += 1
    place = run / ATTEMPTS / str(number)
    place.mkdir(parents=True, exist_ok=True)
    for name in RECORD:
        if (run / name).exists():
            (run / name).rename(place / name)
    return place
