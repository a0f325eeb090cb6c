"""The place of a new run: failed attempts are moved aside, and files of others are not touched."""

from collections.abc import Mapping
from pathlib import Path

from segadapt.runs.file_names import (
    ATTEMPTS,
    BALANCE,
    CHECKPOINTS,
    CONFIG,
    ENVIRONMENT,
    ERROR,
    INIT,
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
    INIT,
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


def check_unused(folder: Path, texts: Mapping[str, str]) -> None:
    """Check that a folder without run.json has no file that a run would overwrite.

    Args:
        folder: Folder of the run to be started.
        texts: Content of the files that are written before run.json. A start that was killed
            between the two has left the same.

    Raises:
        ValueError: If it has one.
    """
    for name in RECORD:
        file = folder / name
        ours = name in texts and file.is_file() and file.read_bytes() == texts[name].encode()
        if file.exists() and not ours:
            raise ValueError(
                f"{folder} is not a run folder ({STATE} is missing), but holds {name}, which the "
                "run would overwrite; choose another folder with hydra.run.dir=FOLDER"
            )
