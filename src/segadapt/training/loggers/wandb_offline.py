"""Folders of an offline W&B run, one for each start of its training.

Their names begin with the time, and ``wandb sync offline-run-*`` uploads them in the order of their
names. If the clock was set back since the last start, this would be the wrong order.
"""

import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

FORM: Final = "%Y%m%d_%H%M%S"


def parts(folder: Path, run: str) -> list[Path]:
    """The parts of a run in the order of their names.

    Args:
        folder: The folder ``wandb`` of a run folder.
        run: Id of the run.
    """
    name = re.compile(rf"offline-run-\d{{8}}_\d{{6}}-{re.escape(run)}")
    return sorted(path for path in folder.glob("offline-run-*") if name.fullmatch(path.name))


def make_way(folder: Path, run: str, now: datetime) -> None:
    """Rename the parts of a run so that a part that begins now sorts after them.

    Args:
        folder: The folder ``wandb`` of a run folder; its parts are closed.
        run: Id of the run.
        now: Start of the next part, by this machine's clock.
    """
    earlier = parts(folder, run)
    if not earlier or earlier[-1].name < f"offline-run-{now:{FORM}}":
        return
    first = datetime.strptime(earlier[0].name, f"offline-run-{FORM}-{run}")
    before = min(first, now)  # a time unused by other parts
    for number, path in enumerate(earlier):
        time = before - timedelta(seconds=len(earlier) - number)
        path.rename(folder / f"offline-run-{time:{FORM}}-{run}")
