"""What a start that came to nothing left in a run folder, put aside for the next one."""

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
"""Files and folders of a run, by name: the folder may be one that holds more. The last tells that
all have been moved."""


def set_aside(run: Path) -> Path:
    """Move the record of a run into ``attempts/NUMBER`` of its folder; where that is.

    Args:
        run: Run folder, which this process holds. Where an earlier call was cut short, this one
            continues it.
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
